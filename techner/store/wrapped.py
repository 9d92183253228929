"""The base of a store around another store: it passes everything on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from techner.store.base import Store, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedStore:
    """Does what `inner` does; a subclass changes part of it."""

    inner: Store

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def identity(self) -> str:
        return self.inner.identity

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def create(self, key: str, data: bytes) -> None:
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return self.inner.list(prefix, limit=limit)

    def upload(self, key: str, path: Path) -> None:
        self.inner.upload(key, path)

    def download(self, key: str, path: Path) -> None:
        self.inner.download(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return self.inner.chunks(key, start=start)

    def presigned(self, key: str, *, seconds: int) -> str | None:
        return self.inner.presigned(key, seconds=seconds)

    def time(self) -> datetime | None:
        return self.inner.time()
