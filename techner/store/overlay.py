"""A store that is read as another one, and written to elsewhere."""

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from techner.core.errors import ObjectExists, ObjectMissing, StoreError
from techner.store.base import Store, Stored
from techner.store.wrapped import WrappedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayStore(WrappedStore):
    """Reads `inner`, and before it `upper`, which takes all that is written; `inner` is never changed.

    To try a night out without a trace. What `inner` has cannot be deleted.
    """

    upper: Store

    def get(self, key: str) -> bytes:
        try:
            return self.upper.get(key)
        except ObjectMissing:
            return self.inner.get(key)

    def create(self, key: str, data: bytes) -> None:
        self._require_free(key)
        self.upper.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self.upper.put(key, data)

    def delete(self, key: str) -> None:
        self.upper.delete(key)
        if self._is_below(key):
            raise StoreError(f"{key!r} cannot be removed: it is below an overlay")

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        written = {entry.key: entry for entry in self.upper.list(prefix)}
        below = (entry for entry in self.inner.list(prefix) if entry.key not in written)
        merged = heapq.merge(written.values(), below, key=lambda entry: os.fsencode(entry.key))
        for count, entry in enumerate(merged):
            if limit is not None and count >= limit:
                return
            yield entry

    def upload(self, key: str, path: Path) -> None:
        self._require_free(key)
        self.upper.upload(key, path)

    def download(self, key: str, path: Path) -> None:
        try:
            self.upper.download(key, path)
        except ObjectMissing:
            self.inner.download(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        try:
            chunks = self.upper.chunks(key, start=start)
            first = next(chunks, b"")  # a missing object shows here
        except ObjectMissing:
            yield from self.inner.chunks(key, start=start)
        else:
            yield first
            yield from chunks

    def presigned(self, key: str, *, seconds: int) -> str | None:
        del key, seconds
        return None

    def _require_free(self, key: str) -> None:
        if self._is_below(key):
            raise ObjectExists(key)

    def _is_below(self, key: str) -> bool:
        return any(entry.key == key for entry in self.inner.list(key, limit=1))
