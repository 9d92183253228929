"""A store in memory, for tests and for trying things out."""

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from techner.core.errors import ObjectExists, ObjectMissing
from techner.core.examples import digest
from techner.store.base import CHUNK_BYTES, Stored, check_key


class MemoryStore:
    """Holds everything in one dictionary."""

    url = identity = "memory://"

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes:
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise ObjectMissing(key) from None

    def create(self, key: str, data: bytes) -> None:
        with self._lock:
            if check_key(key) in self._objects:
                raise ObjectExists(key)
            self._objects[key] = data

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._objects[check_key(key)] = data

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(check_key(key), None)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        with self._lock:
            keys = sorted((key for key in self._objects if key.startswith(prefix)), key=str.encode)[:limit]
            found = [Stored(key, len(self._objects[key]), digest(self._objects[key])) for key in keys]
        yield from found

    def upload(self, key: str, path: Path) -> None:
        self.create(key, path.read_bytes())

    def download(self, key: str, path: Path) -> None:
        path.write_bytes(self.get(key))

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        data = self.get(key)
        yield from (data[at : at + CHUNK_BYTES] for at in range(start, len(data), CHUNK_BYTES))

    def presigned(self, key: str, *, seconds: int) -> str | None:
        del key, seconds
        return None

    def time(self) -> datetime | None:
        return None
