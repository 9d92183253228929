"""A store that remembers what it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from techner.store import Stored
from techner.store.wrapped import WrappedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingStore(WrappedStore):
    """Remembers its calls in order, like `get inbox/a.jsonl`."""

    calls: list[str] = field(default_factory=list)

    def get(self, key: str) -> bytes:
        self.calls.append(f"get {key}")
        return self.inner.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.calls.append(f"put {key}")
        self.inner.put(key, data)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        self.calls.append(f"list {prefix}")
        return self.inner.list(prefix, limit=limit)
