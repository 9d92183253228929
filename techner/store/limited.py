"""A store in which only some places can be written."""

from dataclasses import dataclass
from pathlib import Path

from techner.store.wrapped import WrappedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedStore(WrappedStore):
    """Refuses to write anywhere but below `prefixes`; AssertionError: the caller is wrong, not the store."""

    who: str
    prefixes: tuple[str, ...]

    def create(self, key: str, data: bytes) -> None:
        self._require(key)
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._require(key)
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self._require(key)
        self.inner.delete(key)

    def upload(self, key: str, path: Path) -> None:
        self._require(key)
        self.inner.upload(key, path)

    def _require(self, key: str) -> None:
        if not key.startswith(self.prefixes):
            raise AssertionError(f"{self.who} does not declare that it writes {key}")
