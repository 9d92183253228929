"""A store that reads each object once: for a page, which shows one moment."""

from dataclasses import dataclass, field

from techner.store.wrapped import WrappedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnceStore(WrappedStore):
    """Keeps what was read, and returns that again; made for one request, and never written through."""

    kept: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def get(self, key: str) -> bytes:
        if key not in self.kept:
            self.kept[key] = self.inner.get(key)
        return self.kept[key]
