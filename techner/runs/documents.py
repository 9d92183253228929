"""The documents of a run: the name of each, what it rests on, and how it is read and written."""

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
_SCORED = (Plan, Corpus, Candidate)
MADE_FROM: dict[type, tuple[type, ...]] = {
    Corpus: (Plan,),
    Candidate: (Plan, Corpus),
    Speed: (Candidate,),
    Changes: _SCORED,
    Evaluation: _SCORED,
    Judged: (*_SCORED, Evaluation, Changes, Report),
}
"""Which documents of a run each one rests on: it counts with these very ones alone (ADR 18)."""
ALSO_FROM: dict[type, tuple[type, ...]] = {Judged: (Speed,)}
"""What it rests on besides, where that is there."""


def is_of_kind(key: str, kind: type) -> bool:
    """Tell whether a key of the store is that of a run's document of this kind."""
    return key.endswith(f"/{NAMES[kind]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocuments:
    """What a run has written down, below `runs/<id>/`."""

    store: Store
    id: str
    seen: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → digest of the documents that were read or written: those that a new one is made from."""

    readable: frozenset[type] | None = field(default=None, compare=False, repr=False)
    """The documents that may be read, where not all may: what its task says (`night/access.py`)."""

    @property
    def registry(self) -> Registry:
        return Registry(self.store)

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
        if self.readable is not None and kind not in self.readable:
            raise AssertionError(f"this task does not say that it reads {NAMES[kind]}")
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
