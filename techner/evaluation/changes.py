"""Entities lost and gained, in context: what a verdict means in the texts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import assert_never

from techner.core.examples import Example, Span, overlap
from techner.core.run_documents import ChangeKind, Changes, EntityChange, ScoringSet
from techner.evaluation.answers import CANDIDATE, ORIGIN, PRODUCTION, Answers, FrozenSets, SpansByText

SHOWN = 30
"""Lost entities that are shown per set, and as many gained ones."""
CONTEXT_CHARS = 160
GOLD = "gold"


def find_changes(sets: FrozenSets, answers: Mapping[str, Answers]) -> Changes:
    """Compare the candidate with what origin and production found together, in both sets."""
    parts = {
        ScoringSet.REGRESSION: (sets.regression, {name: found.regression for name, found in answers.items()}),
        ScoringSet.HOLDOUT: (sets.holdout, {name: found.holdout for name, found in answers.items()}),
    }
    counts: dict[str, int] = {}
    by_label: dict[str, dict[str, int]] = {}
    shown: list[EntityChange] = []
    for part, (examples, found) in parts.items():
        changes = list(_changes(part, examples, found))
        for kind in ChangeKind:
            of_kind = [ranked for ranked in changes if ranked[1].kind is kind]
            counts[f"{part} {kind}"] = len(of_kind)
            for label, number in Counter(change.span.label for _, change in of_kind).items():
                by_label.setdefault(label, {})[f"{part} {kind}"] = number
            of_kind.sort(key=lambda ranked: ranked[0])  # stable: otherwise in the order of the set
            shown += [change for _, change in of_kind[:SHOWN]]
    return Changes(counts=counts, shown=tuple(shown), by_label=dict(sorted(by_label.items())))


def _changes(
    part: ScoringSet, examples: tuple[Example, ...], found: Mapping[str, SpansByText]
) -> Iterator[tuple[int, EntityChange]]:
    for position, example in enumerate(examples):
        readings = {GOLD: example.spans} | {
            name: found[name][position] for name in (ORIGIN, PRODUCTION, CANDIDATE)
        }
        before, after = {*readings[ORIGIN], *readings[PRODUCTION]}, set(readings[CANDIDATE])
        for kind, spans in ((ChangeKind.LOST, before - after), (ChangeKind.GAINED, after - before)):
            for span in sorted(spans):
                yield _rank(kind, span, example), _in_context(part, kind, span, example, readings)


def _rank(kind: ChangeKind, span: Span, example: Example) -> int:
    """Put first what is most likely a fault: right spans lost, and spans gained that no one annotated."""
    annotated = span in example.spans
    match kind:
        case ChangeKind.GAINED:
            return int(annotated)
        case ChangeKind.LOST:
            return 0 if annotated else 1 + any(overlap(span, gold) for gold in example.spans)
        case _:
            assert_never(kind)


def _in_context(
    part: ScoringSet, kind: ChangeKind, span: Span, example: Example, readings: Mapping[str, tuple[Span, ...]]
) -> EntityChange:
    start, end = max(0, span.start - CONTEXT_CHARS), span.end + CONTEXT_CHARS

    def moved(other: Span) -> Span:
        return Span(other.start - start, other.end - start, other.label)

    return EntityChange(
        part=part,
        kind=kind,
        is_annotated=span in example.spans,
        text=example.text[start:end],
        span=moved(span),
        readings={
            name: tuple(moved(one) for one in spans if start <= one.start and one.end <= end)
            for name, spans in readings.items()
        },
    )
