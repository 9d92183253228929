"""The documents of a run: the name of each, and what it rests on."""

from typing import TypeAlias, TypeVar

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

RunDocument: TypeAlias = Plan | Corpus | Candidate | Speed | Changes | Evaluation | Report | Judged | Reserved
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
