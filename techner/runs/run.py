"""One run: where its documents are, and how its models get to the local disk."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from techner.core.errors import ObjectMissing, Outdated, RegistryError
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.documents import dump, parse
from techner.registry.fetch import cache_errors
from techner.registry.layout import checkout
from techner.registry.turns import sweep
from techner.store import Store

T = TypeVar("T")
RUNS = "runs/"
ABANDONED_S = 2 * 24 * 3600  # no task runs this long
_SCORED = ("plan.json", "corpus.json", "candidate.json")
MADE_FROM = {
    "corpus.json": ("plan.json",),
    "candidate.json": ("plan.json", "corpus.json"),
    "speed.json": ("candidate.json",),
    "changes.json": _SCORED,
    "evaluation.json": _SCORED,
    "verdict.json": (*_SCORED, "evaluation.json", "changes.json", "report.json"),
}
"""Which documents of a run each one rests on: it counts with these very ones alone (ADR 18)."""
ALSO_FROM = {"verdict.json": ("speed.json",)}
"""What it rests on besides, where that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every task needs: the store, the run's id, a local cache for blobs, and where to compute."""

    store: Store
    id: str
    cache: Path
    gpu: int | None = None
    seen: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → digest of the documents that were read or written: those that a new one is made from."""

    def write(self, name: str, document: Any) -> None:
        """Write a document of this run, bound to those that it was made from."""
        if hasattr(document, "made_from"):
            parents = (*MADE_FROM[name], *ALSO_FROM.get(name, ()))
            known = {parent: self.seen.get(self.key(parent)) or self._digest(parent) for parent in parents}
            document = replace(document, made_from={name: sha for name, sha in known.items() if sha})
        data = dump(document)
        self.store.put(self.key(name), data)
        self.seen[self.key(name)] = digest(data)

    def read(self, name: str, kind: type[T]) -> T:
        found = self.find(name, kind)
        if found is None and name == "plan.json":
            raise RegistryError(f"no run {self.id!r} is planned; `techner run list` shows the decided ones")
        if found is None:
            raise RegistryError(f"run {self.id!r} has no {name}; run the tasks in order")
        return found

    def find(self, name: str, kind: type[T]) -> T | None:
        """Return a document of this run, None where it was not written yet.

        Raises Outdated where it was made from other documents than those that are there now.
        """
        key = self.key(name)
        try:
            data = self.store.get(key)
        except ObjectMissing:
            return None
        document = parse(kind, data, where=key)
        self._require_bound(name, getattr(document, "made_from", None))
        self.seen[key] = digest(data)
        return document

    def _require_bound(self, name: str, made_from: dict[str, str] | None) -> None:
        if made_from is None:
            return
        if not made_from.keys() >= {*MADE_FROM[name]}:
            raise Outdated(self.id, name, "does not say what it was made from, as older versions wrote it")
        for parent, sha256 in made_from.items():
            if self._digest(parent) != sha256:
                raise Outdated(self.id, name, f"was made from another {parent} than is there now")

    def _digest(self, name: str) -> str | None:
        try:
            return digest(self.store.get(self.key(name)))
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

    def key(self, name: str) -> str:
        """Return where a document of this run is in the store."""
        return f"{RUNS}{self.id}/{name}"


def run_of(key: str) -> str:
    """Return the run whose document a key is; an id may have slashes."""
    return key.removeprefix(RUNS).rpartition("/")[0]
