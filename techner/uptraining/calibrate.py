"""How readily a trained `ner` marks an entity: from few annotated examples it learns to mark too little."""

from collections.abc import Callable, Sequence

from spacy.pipeline import EntityRecognizer

from techner.core.examples import Span, overlap

OFFSETS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
COVERED_SHARE = 0.005  # of the old domain's entities, in addition to what the uncalibrated component covers
# About one standard error of the dev part (Breiman et al. 1984): new texts differ more from the training
# texts than the dev part does.
TOLERANCE = 0.02
LEAST_OLD = 100  # with fewer old entities, harm to them cannot be seen
OFFSET = "techner_offset"  # its key in the component's own settings


def offset_of(component: EntityRecognizer) -> float:
    """Return by how much "no entity" was made less likely when the component was trained."""
    return float(component.cfg.get(OFFSET, 0.0))


def set_offset(component: EntityRecognizer, offset: float) -> None:
    """Lower the score of the action "no entity" by `offset`, counted from the trained weights."""
    actions = [component.moves.get_class_name(index) for index in range(component.moves.n_moves)]
    upper = component.model.get_ref("upper")
    if not upper.has_param("b"):  # use_upper = false: no layer has the bias
        return
    bias = upper.get_param("b").copy()
    bias[actions.index("O")] -= offset - offset_of(component)
    upper.set_param("b", bias)
    component.cfg[OFFSET] = offset


def calibrate(
    component: EntityRecognizer,
    dev_f1: Callable[[], float | None],
    covered: Callable[[], float | None],
) -> float:
    """Set and return the largest offset that costs next to nothing on the dev part and in the old domain.

    The offset is a post-hoc logit adjustment (Menon et al. 2021), in units of the score. On the dev part, F1
    may be `TOLERANCE` below the best; the share of old entities that overlap new ones (`covered`) may grow by
    `COVERED_SHARE`. If `covered` cannot be measured, or the component has no bias, the offset is 0.
    """
    set_offset(component, 0.0)
    before, f1 = covered(), dev_f1()
    if before is None or not component.model.get_ref("upper").has_param("b"):
        return 0.0
    scores = {0.0: f1 or 0.0}
    for offset in OFFSETS[1:]:
        set_offset(component, offset)
        if (covered() or 0.0) > before + COVERED_SHARE:
            break
        scores[offset] = dev_f1() or 0.0
    chosen = max(offset for offset, f1 in scores.items() if f1 >= max(scores.values()) - TOLERANCE)
    set_offset(component, chosen)
    return chosen


def covered_share(old: Sequence[tuple[Span, ...]], new: Sequence[tuple[Span, ...]]) -> float | None:
    """Return the share of the old spans that a new one overlaps; None if there are too few to tell.

    `old` and `new` have one tuple of spans per text, in the same order.
    """
    total = sum(map(len, old))
    hits = sum(
        any(overlap(span, other) for other in found)
        for spans, found in zip(old, new, strict=True)
        for span in spans
    )
    return hits / total if total >= LEAST_OLD else None
