"""Losses planted in real predictions, for `gate_power.py`."""

import random
from collections.abc import Mapping, Sequence

from benchmarks.gate_material import Predicted
from techner.core.examples import Example, Span
from techner.core.scores import Counts, count, total


def without(gold: Sequence[Example], found: Predicted, losses: Mapping[str, float]) -> Predicted:
    """Remove right spans until each label's F1 has fallen by its loss."""
    draw = random.Random(1)  # noqa: S311 - reproducible on purpose
    gone: set[tuple[int, Span]] = set()
    for label, loss in losses.items():
        rows = [count(eg.spans, spans, frozenset({label})) for eg, spans in zip(gold, found, strict=True)]
        counts = total(rows)[label]
        right = [
            (place, span)
            for place, eg in enumerate(gold)
            for span in sorted(set(eg.spans) & set(found[place]))
            if span.label == label
        ]
        draw.shuffle(right)
        gone.update(right[: _spans_for(counts, loss)])
    return tuple(tuple(s for s in spans if (place, s) not in gone) for place, spans in enumerate(found))


def _spans_for(counts: Counts, loss: float) -> int:
    """Return how many right spans must be missed so that F1, 2 tp / (2 tp + fp + fn), falls by `loss`."""
    target = (counts.f1 or 0.0) - loss
    missed = 0
    while (Counts(counts.tp - missed, counts.fp, counts.fn + missed).f1 or 0.0) > target:
        missed += 1
    return missed


def swapped(gold: Sequence[Example], found: Predicted, share: float) -> Predicted:
    """Lose right spans, as a share of the gold ones, and find as many that were missed."""
    draw = random.Random(2)  # noqa: S311
    right = [(p, s) for p, eg in enumerate(gold) for s in eg.spans if s in found[p]]
    missed = [(p, s) for p, eg in enumerate(gold) for s in eg.spans if s not in found[p]]
    number = min(round(share * (len(right) + len(missed))), len(missed))
    lost, gained = set(draw.sample(right, number)), draw.sample(missed, number)
    more: dict[int, list[Span]] = {}
    for place, span in gained:
        more.setdefault(place, []).append(span)
    return tuple(
        tuple(s for s in [*spans, *more.get(p, [])] if (p, s) not in lost) for p, spans in enumerate(found)
    )
