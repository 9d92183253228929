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
OFFSETS = (-4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
LABEL_SPANS = 100
"""Old entities of a label from which it is bounded by itself; the others are bounded together."""
# About one standard error of the dev part (Breiman et al. 1984): new texts differ more from the training
# texts than the dev part does.
TOLERANCE = 0.02
LEAST_OLD = 100  # with fewer old entities, harm to them cannot be seen
ENOUGH_OLD = 500  # with fewer, one or two that are covered may be chance
OFFSET = "techner_offset"  # its key in the component's own settings
Covered = dict[str, tuple[int, int]]
"""Label → how many old entities new ones overlap, and how many there are."""


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
    of the old entities that may be covered. On the dev part, F1 may be `TOLERANCE` below the best of the
    harmless ones. Negative offsets are tried where 0 is not harmless: the largest harmless one is set, or
    the least. If there are too few old entities to see harm, the offset is 0.
    """
    set_offset(component, 0.0)
    before, f1 = covered(), dev_f1()
    old = sum(total for _, total in before.values())
    if old < LEAST_OLD:
        return 0.0
    scores = {0.0: f1 or 0.0} if is_harmless(before, before, most) else {}
    below, above = ([offset for offset in OFFSETS if sign * offset > 0] for sign in (-1, 1))
    for offset in above if scores else reversed(below):
        set_offset(component, offset)
        harmless = is_harmless(covered(), before, most)
        if harmless:
            scores[offset] = dev_f1() or 0.0
        if harmless != (offset > 0):
            break
    best = max(scores.values(), default=0.0)
    chosen = max((offset for offset, f1 in scores.items() if f1 >= best - TOLERANCE), default=OFFSETS[0])
    if not scores:
        log.warning("however little the new labels' `ner` finds, it covers too many old entities")
    set_offset(component, chosen)
    return chosen


def is_harmless(now: Covered, uncalibrated: Covered, most: float) -> bool:
    """Tell whether at most this share of the old entities is covered, of each frequent label and of the rest.

    Where there are few of them, as many may be covered as without an offset, up to two standard errors more.
    """
    frequent = [label for label, (_, total) in now.items() if total >= LABEL_SPANS]
    groups = [*([label] for label in frequent), [label for label in now if label not in frequent]]

    def is_within(labels: Sequence[str]) -> bool:
        total = sum(now[label][1] for label in labels)
        allowed = most * total
        if total < ENOUGH_OLD:
            before = sum(uncalibrated[label][0] for label in labels)
            allowed = max(allowed, min(before, allowed + 2 * sqrt(allowed)))
        return sum(now[label][0] for label in labels) <= allowed

    return all(map(is_within, groups))


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
