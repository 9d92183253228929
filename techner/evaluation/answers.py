"""Counts of the answers that every system gives on the frozen sets."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress

from techner.core.examples import Example, Span, overlap
from techner.core.policy import SchemePolicy
from techner.core.run_documents import Evaluation, SetEvaluation
from techner.core.scheme import example_today
from techner.core.scores import away_and_kept, count, right_and_kept

ORIGIN, PRODUCTION, CANDIDATE = "origin", "production", "candidate"
SpansByText = tuple[tuple[Span, ...], ...]
"""The spans of each text of a set."""
Keep = Callable[[Example, tuple[Span, ...], tuple[Span, ...]], tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class FrozenSets:
    """The sets that score: the regression set scores the pretrained labels, the holdout the new ones."""

    regression: tuple[Example, ...]
    holdout: tuple[Example, ...]
    pretrained: frozenset[str]
    new: frozenset[str]
    """New labels to score: those that the candidate or production knows."""
    known: frozenset[str]
    """New labels that the candidate knows."""
    production_labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one system finds in both sets."""

    regression: SpansByText
    holdout: SpansByText

    def today(self, moves: SchemePolicy) -> "Answers":
        """Return the answers under today's names of the labels."""
        return Answers(regression=_today(self.regression, moves), holdout=_today(self.holdout, moves))


def _today(found: SpansByText, moves: SchemePolicy) -> SpansByText:
    return tuple(example_today(Example("", spans), moves).spans for spans in found)


def count_answers(
    sets: FrozenSets,
    answers: Mapping[str, Answers],
    *,
    size_bytes: Mapping[str, int],
    is_rewritten: bool = True,
) -> Evaluation:
    """Count right, wrong and kept spans of candidate, production and origin, text by text.

    `answers` and `size_bytes` are keyed by `ORIGIN`, `PRODUCTION` and `CANDIDATE`; each answer has one entry
    per text of its set, in the order of the set. If the candidate's pretrained `ner` was trained, silver
    texts do not score it: there, each correction would count as a loss (ADR 29). Raises ValueError if
    lengths differ.
    """
    scoring = [not (is_rewritten and example.is_silver) for example in sets.regression]
    regression = tuple(compress(sets.regression, scoring))
    old = {
        name: tuple(spans for spans, scores in zip(found.regression, scoring, strict=True) if scores)
        for name, found in answers.items()
    }
    new = {name: found.holdout for name, found in answers.items()}
    return Evaluation(
        regression=_score(regression, sets.pretrained, old, _flips),
        holdout=_score(sets.holdout, sets.new, new, _survival),
        production_labels=sets.production_labels,
        lost_labels=tuple(sorted(set(sets.production_labels) - sets.known)),
        size_bytes=dict(size_bytes),
        origin_spans=_origin_spans(sets, answers),
        is_rewritten=is_rewritten,
    )


def _origin_spans(sets: FrozenSets, answers: Mapping[str, Answers]) -> dict[str, tuple[int, int]]:
    """Count the origin's spans of each pretrained label, and those of them that the candidate finds too.

    In the holdout, only those that no gold judges: a new entity may have taken the place of the others.
    """
    before, after = answers[ORIGIN], answers[CANDIDATE]
    counts = dict.fromkeys(sorted(sets.pretrained), (0, 0))

    def add(found: Iterable[Span], kept: Collection[Span]) -> None:
        for span in found:
            if span.label in counts:
                total, still = counts[span.label]
                counts[span.label] = total + 1, still + (span in kept)

    for found, kept in zip(before.regression, after.regression, strict=True):
        add(found, kept)
    for example, found, kept in zip(sets.holdout, before.holdout, after.holdout, strict=True):
        add(unjudged(example, found), kept)
    return counts


def unjudged(example: Example, found: Iterable[Span]) -> Iterator[Span]:
    """Yield the spans of labels that the annotators did not look for, away from what they marked."""
    for span in found:
        if span.label not in (example.scope or ()) and not any(overlap(span, gold) for gold in example.spans):
            yield span


def _score(
    examples: tuple[Example, ...], labels: frozenset[str], found: Mapping[str, SpansByText], keep: Keep
) -> SetEvaluation:
    golds = [example.only(labels).spans for example in examples]
    asked = [example.in_scope(labels) for example in examples]  # its annotators said nothing about the others
    return SetEvaluation(
        labels=tuple(sorted(labels)),
        systems={
            name: tuple(
                {label: (c.tp, c.fp, c.fn) for label, c in count(gold, predicted, scope).items()}
                for gold, predicted, scope in zip(golds, answered, asked, strict=True)
            )
            for name, answered in found.items()
        },
        kept={
            name: tuple(map(keep, examples, answered, found[CANDIDATE]))
            for name, answered in found.items()
            if name != CANDIDATE
        },
    )


def _flips(example: Example, before: tuple[Span, ...], after: tuple[Span, ...]) -> tuple[int, int]:
    return right_and_kept(example.spans, before, after)


def _survival(example: Example, before: tuple[Span, ...], after: tuple[Span, ...]) -> tuple[int, int]:
    """Count spans that no annotator judged: not those of a label that the annotators looked for."""
    unjudged = [span for span in before if span.label not in (example.scope or ())]
    return away_and_kept(example.spans, unjudged, after)
