"""One run: where its documents are, and how its models get to the local disk."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from techner.core.errors import ObjectMissing, RegistryError
from techner.core.manifest import FileEntry
from techner.documents import dump, parse
from techner.registry.fetch import cache_errors
from techner.registry.layout import checkout
from techner.store import Store

T = TypeVar("T")
ABANDONED_S = 2 * 24 * 3600  # no task runs this long


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every stage needs: the store, the run's id, a local cache for blobs, and where to compute."""

    store: Store
    id: str
    cache: Path
    gpu: int | None = None

    def write(self, name: str, document: Any) -> None:
        self.store.put(self.key(name), dump(document))

    def read(self, name: str, kind: type[T]) -> T:
        found = self.find(name, kind)
        if found is None:
            raise RegistryError(f"run {self.id!r} has no {name}; run the stages in order")
        return found

    def find(self, name: str, kind: type[T]) -> T | None:
        """Return a document of this run, None where it was not written yet."""
        key = self.key(name)
        try:
            return parse(kind, self.store.get(key), where=key)
        except ObjectMissing:
            return None

    @contextmanager
    def model(self, files: Iterable[FileEntry]) -> Iterator[Path]:
        """Lay a model out in a folder of its own for the time of the `with` block."""
        with self.scratch() as folder:
            with cache_errors(self.cache):
                model = checkout(self.store, files, into=folder / "model", cache=self.cache)
            yield model

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for the time of the `with` block; what killed processes left is swept up."""
        with cache_errors(self.cache):
            self.cache.mkdir(parents=True, exist_ok=True)
            for left in self.cache.glob("run-*"):
                with suppress(OSError):
                    if time.time() - left.stat().st_mtime > ABANDONED_S:
                        shutil.rmtree(left)
            made = TemporaryDirectory(prefix="run-", dir=self.cache, ignore_cleanup_errors=True)
        with made as folder:
            yield Path(folder)

    def key(self, name: str) -> str:
        """Return where a document of this run is in the store."""
        return f"runs/{self.id}/{name}"
