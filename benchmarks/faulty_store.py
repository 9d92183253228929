"""A store whose k-th call fails, for `faults.py`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from techner.core.errors import StoreError
from techner.store.base import Stored
from techner.store.wrapped import WrappedStore


class Way(StrEnum):
    ERROR_BEFORE = "error before"
    ERROR_AFTER = "error after"
    DEAD_BEFORE = "dead before"
    DEAD_AFTER = "dead after"


class Dead(BaseException):
    """The process is dead: it makes no further call, whatever it catches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty(WrappedStore):
    """Counts its calls, and fails the one at `at`."""

    way: Way = Way.ERROR_BEFORE
    at: int = 0
    state: dict[str, int] = field(default_factory=lambda: {"calls": 0, "dead": 0})

    def get(self, key: str) -> bytes:
        return bytes(self._call(lambda: self.inner.get(key)))

    def create(self, key: str, data: bytes) -> None:
        self._call(lambda: self.inner.create(key, data))

    def put(self, key: str, data: bytes) -> None:
        self._call(lambda: self.inner.put(key, data))

    def delete(self, key: str) -> None:
        self._call(lambda: self.inner.delete(key))

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return iter(self._call(lambda: [*self.inner.list(prefix, limit=limit)]))

    def upload(self, key: str, path: Path) -> None:
        self._call(lambda: self.inner.upload(key, path))

    def download(self, key: str, path: Path) -> None:
        self._call(lambda: self.inner.download(key, path))

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return iter(self._call(lambda: [*self.inner.chunks(key, start=start)]))

    def _call(self, do: Callable[[], Any]) -> Any:
        if self.state["dead"]:
            raise Dead
        self.state["calls"] += 1
        if self.state["calls"] != self.at:
            return do()
        if self.way in (Way.ERROR_AFTER, Way.DEAD_AFTER):
            do()
        if self.way in (Way.DEAD_BEFORE, Way.DEAD_AFTER):
            self.state["dead"] = 1
            raise Dead
        raise StoreError(f"no answer to call {self.at}")
