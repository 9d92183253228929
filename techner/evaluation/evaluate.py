"""Answers of every system on the frozen sets → counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from techner.core.examples import Example, Span
from techner.core.night import Evaluation, SetEvaluation
from techner.core.scores import away_and_kept, count, right_and_kept

ORIGIN, PRODUCTION, CANDIDATE = "origin", "production", "candidate"
Found = tuple[tuple[Span, ...], ...]
"""The spans of each text of a set."""
Keep = Callable[[tuple[Span, ...], tuple[Span, ...], tuple[Span, ...]], tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class FrozenSets:
    """What scores, and by which labels: pretrained ones on the regression set, new ones on the holdout."""

    regression: tuple[Example, ...]
    holdout: tuple[Example, ...]
    pretrained: frozenset[str]
    new: frozenset[str]
    production_labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one system finds in both sets."""

    regression: Found
    holdout: Found


def evaluate(
    sets: FrozenSets, answers: Mapping[str, Answers], *, size_bytes: Mapping[str, int]
) -> Evaluation:
    """Count right, wrong and kept spans of candidate, production and origin, text by text."""
    old = {name: found.regression for name, found in answers.items()}
    new = {name: found.holdout for name, found in answers.items()}
    return Evaluation(
        regression=_score(sets.regression, sets.pretrained, old, right_and_kept),
        holdout=_score(sets.holdout, sets.new, new, away_and_kept),
        production_labels=sets.production_labels,
        size_bytes=dict(size_bytes),
    )


def _score(
    examples: tuple[Example, ...], labels: frozenset[str], found: Mapping[str, Found], keep: Keep
) -> SetEvaluation:
    golds = [example.only(labels).spans for example in examples]
    asked = [example.in_scope(labels) for example in examples]  # of the rest its annotators said nothing
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
            name: tuple(map(keep, golds, answered, found[CANDIDATE]))
            for name, answered in found.items()
            if name != CANDIDATE
        },
    )
