"""The local disk: a cache of verified files, and temporary folders."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from techner.core.manifest import FileEntry
from techner.registry.cache_folder import cache_errors, make_folder
from techner.registry.layout import checkout
from techner.registry.locks import sweep
from techner.store import Store

ABANDONED_S = 2 * 24 * 3600  # no task runs this long


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A store, the folder that keeps what was fetched from it, and the GPU to compute on, if any."""

    store: Store
    cache: Path
    gpu: int | None = None

    @contextmanager
    def model(self, files: Iterable[FileEntry]) -> Iterator[Path]:
        """Yield a folder with the files of a model, for the `with` block."""
        with self.scratch() as folder:
            with cache_errors(self.cache):
                model = checkout(self.store, files, into=folder / "model", cache=self.cache)
            yield model

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for the `with` block; folders that killed processes left are removed."""
        with cache_errors(self.cache):
            make_folder(self.cache)
            sweep(self.cache, "run-*", older_s=ABANDONED_S)
            made = TemporaryDirectory(prefix="run-", dir=self.cache, ignore_cleanup_errors=True)
        with made as folder:
            yield Path(folder)
