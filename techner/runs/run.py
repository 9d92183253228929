"""One run: where its documents are, and how its models get to the local disk."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from techner.core.errors import ObjectMissing, Outdated, RegistryError
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.core.run_documents import Plan
from techner.documents import dump, parse
from techner.registry.fetch import cache_errors
from techner.registry.layout import checkout
from techner.registry.turns import sweep
from techner.runs.documents import ALSO_FROM, MADE_FROM, NAMES, D, RunDocument
from techner.store import Store

RUNS = "runs/"
ABANDONED_S = 2 * 24 * 3600  # no task runs this long


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every task needs: the store, the run's id, a local cache for blobs, and where to compute."""

    store: Store
    id: str
    cache: Path
    gpu: int | None = None
    seen: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → digest of the documents that were read or written: those that a new one is made from."""

    def write(self, document: RunDocument) -> None:
        """Write a document of this run, bound to those that it was made from."""
        key, data = self.key(type(document)), dump(self._bound(document))
        self.store.put(key, data)
        self.seen[key] = digest(data)

    def read(self, kind: type[D]) -> D:
        found = self.find(kind)
        if found is None and kind is Plan:
            raise RegistryError(f"no run {self.id!r} is planned; `techner run list` shows the decided ones")
        if found is None:
            raise RegistryError(f"run {self.id!r} has no {NAMES[kind]}; run the tasks in order")
        return found

    def find(self, kind: type[D]) -> D | None:
        """Return a document of this run, None where it was not written yet.

        Raises Outdated where it was made from other documents than those that are there now.
        """
        key = self.key(kind)
        try:
            data = self.store.get(key)
        except ObjectMissing:
            return None
        document = parse(kind, data, where=key)
        self._require_bound(kind, getattr(document, "made_from", None))
        self.seen[key] = digest(data)
        return document

    def _bound(self, document: Any) -> Any:
        kind = type(document)
        if kind not in MADE_FROM:
            return document
        parents = [NAMES[parent] for parent in (*MADE_FROM[kind], *ALSO_FROM.get(kind, ()))]
        known = {name: self.seen.get(self._key(name)) or self._digest(name) for name in parents}
        return replace(document, made_from={name: sha for name, sha in known.items() if sha})

    def _require_bound(self, kind: type, made_from: dict[str, str] | None) -> None:
        if made_from is None:
            return
        name = NAMES[kind]
        if not made_from.keys() >= {NAMES[parent] for parent in MADE_FROM[kind]}:
            raise Outdated(self.id, name, "does not say what it was made from, as older versions wrote it")
        for parent, sha256 in made_from.items():
            if self._digest(parent) != sha256:
                raise Outdated(self.id, name, f"was made from another {parent} than is there now")

    def _digest(self, name: str) -> str | None:
        try:
            return digest(self.store.get(self._key(name)))
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
            sweep(self.cache, "run-*", older_s=ABANDONED_S)
            made = TemporaryDirectory(prefix="run-", dir=self.cache, ignore_cleanup_errors=True)
        with made as folder:
            yield Path(folder)

    def key(self, kind: type) -> str:
        """Return where a document of this run is in the store."""
        return self._key(NAMES[kind])

    @property
    def folder(self) -> str:
        """What the keys of its documents begin with."""
        return f"{RUNS}{self.id}/"

    def _key(self, name: str) -> str:
        return self.folder + name


def run_of(key: str) -> str:
    """Return the run whose document a key is; an id may have slashes."""
    return key.removeprefix(RUNS).rpartition("/")[0]
