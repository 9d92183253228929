"""How readily a trained `ner` marks an entity: it is to find new ones and to cover hardly any old one."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

from spacy.pipeline import EntityRecognizer

from techner.core.examples import Span, overlap
from techner.uptraining.action_layer import action_layer, actions_of

log = logging.getLogger(__name__)
LEAST = -4.0
"""What a component finds even at this offset, it is sure of."""
OFFSETS = (
    *(LEAST, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25),
    *(0.0, 0.25, 0.5, 0.75, 1.0),
)
"""Beyond 1, up to 2.6 times as many old entities are covered, for half a point of new F1 at most (ADR 30)."""
LABEL_SPANS = 100
"""Old entities of a label from which it is bounded by itself; the others are bounded together."""
# About one standard error of the dev part (Breiman et al. 1984): new texts differ more from the training
# texts than the dev part does.
TOLERANCE = 0.02
LEAST_OLD = 100  # with fewer old entities, harm to them cannot be seen
OFFSET = "techner_offset"  # its key in the component's own settings
Covered = dict[str, tuple[int, int]]
"""Label → how many old entities new ones overlap, and how many there are."""
Limits = dict[tuple[str, ...], float]
"""Labels → how many of their old entities may be covered, together."""


def offset_of(component: EntityRecognizer) -> float:
    """Return by how much "no entity" was made less likely when the component was trained."""
    return float(component.cfg.get(OFFSET, 0.0))


def set_offset(component: EntityRecognizer, offset: float) -> None:
    """Lower the score of the action "no entity" by `offset`, counted from the trained weights."""
    layer = action_layer(component).node
    bias: Any = layer.get_param("b").copy()
    bias[actions_of(component).index("O")] -= offset - offset_of(component)
    layer.set_param("b", bias)
    component.cfg[OFFSET] = offset


def calibrate(
    component: EntityRecognizer,
    dev_f1: Callable[[], float | None],
    covered: Callable[[], Covered],
    *,
    most: float,
) -> float:
    """Set and return the largest offset that costs next to nothing on the dev part and in the old domain.

    The offset is a post-hoc logit adjustment (Menon et al. 2021), in units of the score. `most` is the share
    of the old entities that may be covered. Where a dev part watches the new ones, the offset is raised
    while no more is covered than may be, or than at 0; F1 there may be `TOLERANCE` below the best. Without
    one it is raised while less is covered by one standard error. It is lowered where more is covered by as
    much. What is covered even at the least, no offset can prevent, and is allowed. If there are too few old
    entities to see harm, the offset is 0.
    """
    set_offset(component, 0.0)
    before = covered()
    if sum(total for _, total in before.values()) < LEAST_OLD:
        return 0.0
    if is_within(before, allowed(before, most, errors=1)):
        chosen = _raised(component, dev_f1, covered, before, most)
    else:
        chosen = _lowered(component, covered, allowed(before, most, errors=1))
    set_offset(component, chosen)
    return chosen


def _raised(
    component: EntityRecognizer,
    dev_f1: Callable[[], float | None],
    covered: Callable[[], Covered],
    before: Covered,
    most: float,
) -> float:
    """Return the largest harmless offset from 0 on that costs next to nothing on the dev part.

    `before` is what is covered at 0, where the component stands.
    """
    at_first = dev_f1()
    limits = allowed(before, most, errors=-1 if at_first is None else 0)
    if at_first is not None:  # what covers nothing more can only cost new labels, which the dev part shows
        limits = {group: max(limit, _hits(before, group)) for group, limit in limits.items()}
    scores = {0.0: at_first or 0.0}
    for offset in (offset for offset in OFFSETS if offset > 0):
        set_offset(component, offset)
        if not is_within(covered(), limits):
            break
        scores[offset] = dev_f1() or 0.0
    best = max(scores.values())
    return max(offset for offset, f1 in scores.items() if f1 >= best - TOLERANCE)


def _lowered(component: EntityRecognizer, covered: Callable[[], Covered], limits: Limits) -> float:
    """Return the largest harmless offset below 0."""
    set_offset(component, LEAST)
    certain = covered()
    if not is_within(certain, limits):
        log.warning(
            "of the old entities, the new labels' `ner` covers more than it may even where it is surest"
        )
    limits = {group: max(most, _hits(certain, group)) for group, most in limits.items()}
    for offset in reversed([offset for offset in OFFSETS if LEAST < offset < 0]):
        set_offset(component, offset)
        if is_within(covered(), limits):
            return offset
    return LEAST


def allowed(counts: Covered, most: float, *, errors: int) -> Limits:
    """Return how many old entities may be covered of each frequent label, and of all others together.

    That is a share of `most`, and so many standard errors (those of a Poisson count) more.
    """
    frequent = [label for label, (_, total) in counts.items() if total >= LABEL_SPANS]
    rest = tuple(label for label in counts if label not in frequent)
    limits: Limits = {}
    for group in [*((label,) for label in frequent), rest]:
        mean = most * sum(counts[label][1] for label in group)
        limits[group] = max(mean + errors * sqrt(mean), 0.0)
    return limits


def is_within(now: Covered, limits: Limits) -> bool:
    """Tell whether no more old entities are covered than may be."""
    return all(_hits(now, group) <= most for group, most in limits.items())


def _hits(now: Covered, group: tuple[str, ...]) -> int:
    return sum(now[label][0] for label in group)


def covered_spans(old: Sequence[tuple[Span, ...]], new: Sequence[tuple[Span, ...]]) -> Covered:
    """Count the old spans of each label, and those of them that a new one overlaps.

    `old` and `new` have one tuple of spans per text, in the same order.
    """
    totals, hits = Counter[str](), Counter[str]()
    for spans, found in zip(old, new, strict=True):
        for span in spans:
            totals[span.label] += 1
            hits[span.label] += any(overlap(span, other) for other in found)
    return {label: (hits[label], totals[label]) for label in sorted(totals)}
