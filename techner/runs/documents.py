"""The documents of a run: the name of each, what it is made from, and how it is read and written."""

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from techner.core.errors import ObjectMissing, Outdated, RegistryError
from techner.core.examples import digest
from techner.core.run_documents import (
    Candidate,
    Changes,
    Corpus,
    Evaluation,
    Judged,
    Plan,
    Report,
    Reserved,
    Speed,
)
from techner.documents import dump, parse
from techner.registry import Registry
from techner.store import Store

RunDocument: TypeAlias = Plan | Corpus | Candidate | Speed | Changes | Evaluation | Report | Judged | Reserved
RUNS = "runs/"
D = TypeVar("D", bound=RunDocument)
NAMES: dict[type, str] = {
    Plan: "plan.json",
    Corpus: "corpus.json",
    Candidate: "candidate.json",
    Speed: "speed.json",
    Changes: "changes.json",
    Evaluation: "evaluation.json",
    Report: "report.json",
    Judged: "verdict.json",
    Reserved: "manifest.json",
}
CHECKPOINT = "checkpoint"
"""Beside the documents, the state of a training that is under way (`night/checkpoints.py`)."""
PROGRESS = "progress"
"""Beside it, how far that training is, for pages (`night/progress.py`)."""
_SCORED = (Plan, Corpus, Candidate)
MADE_FROM: dict[type, tuple[type, ...]] = {
    Corpus: (Plan,),
    Candidate: (Plan, Corpus),
    Speed: (Candidate,),
    Changes: _SCORED,
    Evaluation: _SCORED,
    Judged: (*_SCORED, Evaluation, Changes, Report),
}
"""What each document of a run is made from: it is valid only with exactly these documents (ADR 18)."""
ALSO_FROM: dict[type, tuple[type, ...]] = {Judged: (Speed,)}
"""What it is also made from, if that exists."""


def is_of_kind(key: str, kind: type) -> bool:
    """Tell whether a key of the store belongs to a run's document of this kind."""
    return key.endswith(f"/{NAMES[kind]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocuments:
    """The documents of one run, below `runs/<id>/`."""

    store: Store
    id: str
    seen: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → digest of the documents read or written so far, from which a new one is made."""

    readable: frozenset[type] | None = field(default=None, compare=False, repr=False)
    """The documents that its task may read (`night/limits.py`); None: all."""

    @property
    def registry(self) -> Registry:
        return Registry(self.store)

    def write(self, document: RunDocument) -> None:
        """Write a document of this run, bound to the documents that it was made from."""
        key, data = self.key(type(document)), dump(self._bound(document))
        self.store.put(key, data)
        self.seen[key] = digest(data)

    def read(self, kind: type[D]) -> D:
        found = self.find(kind)
        if found is None and kind is Plan:
            raise RegistryError(f"run {self.id!r} has no plan; `techner run list` shows the decided runs")
        if found is None:
            raise RegistryError(f"run {self.id!r} has no {NAMES[kind]}; run the tasks in order")
        return found

    def find(self, kind: type[D]) -> D | None:
        """Return a document of this run; None if it has not been written yet.

        Raises Outdated if the documents that it was made from have changed.
        """
        if self.readable is not None and kind not in self.readable:
            raise AssertionError(f"this task does not declare that it reads {NAMES[kind]}")
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
            raise Outdated(self.id, name, "does not name what it was made from: an older techner wrote it")
        for parent, sha256 in made_from.items():
            if self._digest(parent) != sha256:
                raise Outdated(self.id, name, f"was not made from the present {parent}")

    def _digest(self, name: str) -> str | None:
        try:
            return digest(self.store.get(self._key(name)))
        except ObjectMissing:
            return None

    def key(self, kind: type) -> str:
        """Return the key of a document of this run."""
        return self._key(NAMES[kind])

    @property
    def folder(self) -> str:
        """Prefix of the keys of its documents."""
        return f"{RUNS}{self.id}/"

    def _key(self, name: str) -> str:
        return self.folder + name


def run_of(key: str) -> str:
    """Return the run that a document's key belongs to; an id may contain slashes."""
    return key.removeprefix(RUNS).rpartition("/")[0]
