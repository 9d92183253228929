"""What a run lost and gained: a table by label, and the sentences that are chosen from it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from techner.core.run_documents import ChangeKind, Changes, EntityChange, ScoringSet

FIRST = 8
"""Sentences that are shown where nothing is chosen."""
Place = tuple[str, ScoringSet, ChangeKind]
SYSTEMS = ("gold", "origin", "production", "candidate")
COLUMNS = tuple((part, kind) for kind in ChangeKind for part in ScoringSet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Changes of one label, set and kind."""

    label: str
    part: ScoringSet
    kind: ChangeKind
    count: int
    shown: int
    """How many of them have a sentence."""
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One change, with its text as each system reads it; systems that read alike stand together."""

    change: EntityChange
    readings: tuple[tuple[str, str], ...]
    """Names of systems → one that reads as they do."""

    @property
    def entity(self) -> str:
        span = self.change.span
        return self.change.text[span.start : span.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView:
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """Label → its cells, in the order of COLUMNS."""
    is_counted: bool
    """Whether all changes are counted; an older techner counted those with a sentence."""
    is_chosen: bool
    sentences: tuple[Sentence, ...]
    of: int
    """How many sentences there are."""


def view_changes(changes: Changes, *, label: str = "", part: str = "", kind: str = "") -> ChangesView:
    """Make the table and choose sentences; empty words choose all, and three of them the first few."""
    shown = Counter(_place(change) for change in changes.shown)
    counts = _counts(changes.by_label) if changes.by_label else shown
    wanted = (label, part, kind)
    is_chosen = any(wanted)
    fit = [change for change in changes.shown if _fits(_place(change), wanted)]
    return ChangesView(
        rows=tuple(
            (
                name,
                tuple(
                    Cell(
                        label=name,
                        part=part,
                        kind=kind,
                        count=counts[name, part, kind],
                        shown=shown[name, part, kind],
                        is_chosen=is_chosen and _fits((name, part, kind), wanted),
                    )
                    for part, kind in COLUMNS
                ),
            )
            for name in sorted({name for name, _, _ in counts})
        ),
        is_counted=bool(changes.by_label),
        is_chosen=is_chosen,
        sentences=tuple(map(_sentence, fit if is_chosen else _likeliest(fit))),
        of=len(changes.shown),
    )


def _place(change: EntityChange) -> Place:
    return change.span.label, change.part, change.kind


def _fits(place: Place, wanted: tuple[str, str, str]) -> bool:
    return all(want in ("", have) for have, want in zip(place, wanted, strict=True))


def _counts(by_label: dict[str, dict[str, int]]) -> Counter[Place]:
    found: Counter[Place] = Counter()
    for label, counts in by_label.items():
        for part, kind in COLUMNS:
            found[label, part, kind] = counts.get(f"{part} {kind}", 0)
    return found


def _likeliest(changes: list[EntityChange]) -> Iterable[EntityChange]:
    """Return the first ones lost, which are the likeliest faults; where nothing was lost, gained ones."""
    lost = [change for change in changes if change.kind is ChangeKind.LOST]
    return (lost or changes)[:FIRST]


def _sentence(change: EntityChange) -> Sentence:
    alike: dict[object, list[str]] = {}
    for system in (name for name in SYSTEMS if name in change.readings):
        alike.setdefault(change.readings[system], []).append(system)
    return Sentence(
        change=change, readings=tuple((", ".join(systems), systems[0]) for systems in alike.values())
    )
