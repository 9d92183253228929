"""A store that lets somebody else act between two requests of whoever uses it."""

from collections.abc import Callable, Iterator

from techner.store import MemoryStore
from techner.store.base import Stored


class Hooked(MemoryStore):
    """Lets somebody else do something just before the n-th request."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = self.at = 0
        self.hook: Callable[[], object] | None = None
        self.on_get: Callable[[str], object] | None = None
        """Called after an object was read, before its reader has it."""

    def _count(self) -> None:
        self.requests += 1
        if self.requests == self.at and self.hook:
            self.hook()

    def get(self, key: str) -> bytes:
        self._count()
        data = super().get(key)
        if self.on_get:
            self.on_get(key)
        return data

    def create(self, key: str, data: bytes) -> None:
        self._count()
        super().create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._count()
        super().put(key, data)

    def delete(self, key: str) -> None:
        self._count()
        super().delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        self._count()
        return super().list(prefix, limit=limit)
