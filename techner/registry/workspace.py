"""The local disk: a cache of verified files, and temporary folders."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from techner.core.eviction import EvictionPolicy
from techner.core.manifest import FileEntry
from techner.registry.cache_folder import cache_errors, make_folder
from techner.registry.eviction import evict
from techner.registry.fetch import fetch
from techner.registry.layout import checkout
from techner.registry.leases import Lease
from techner.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A store, the folder that keeps what was fetched from it, and the bounds of that folder."""

    store: Store
    cache: Path
    eviction: EvictionPolicy = field(default_factory=EvictionPolicy)

    def fetch(self, files: Iterable[FileEntry]) -> None:
        """Let the cache hold these files, and bring it below its bounds if any was missing.

        Raises what `fetch` raises. Whoever needs them after this call holds a lease of them.
        """
        if fetch(self.store, files, cache=self.cache):
            evict(self.cache, self.eviction)

    @contextmanager
    def model(self, files: Iterable[FileEntry]) -> Iterator[Path]:
        """Yield a folder with the files of a model, for the `with` block."""
        with self.scratch() as folder:
            with cache_errors(self.cache):
                model = checkout(self.store, files, into=folder / "model", cache=self.cache)
            yield model

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for the `with` block; after it, the cache is brought below its bounds."""
        with cache_errors(self.cache):
            make_folder(self.cache)
            made = TemporaryDirectory(prefix="run-", dir=self.cache, ignore_cleanup_errors=True)
        try:
            with made as folder, Lease(self.cache, [Path(folder).name]):
                yield Path(folder)
        finally:
            evict(self.cache, self.eviction)
