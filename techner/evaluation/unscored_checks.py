"""Checks of the pretrained labels without gold: what the origin finds of them stands in."""

from collections.abc import Iterator, Mapping

from techner.core.policy import GatePolicy
from techner.core.run_documents import Evaluation
from techner.core.verdict import Against, Check, CheckState
from techner.evaluation.bootstrap import Bootstrap, rounded
from techner.evaluation.intervals import is_short
from techner.evaluation.rules import FAILED, INSUFFICIENT, PASSED

PARTLY = 2
"""Where the origin finds so many times the gold spans, and these are too few, people annotated only some."""


def is_unscored(gold: int, found: int, policy: GatePolicy) -> bool:
    """Tell whether the gold spans of a label cannot show that it was lost, though the origin finds it."""
    if not gold:
        return found > 0
    return gold < policy.min_support <= found and found > PARTLY * gold


def unscored_checks(sets: Bootstrap, evaluation: Evaluation, policy: GatePolicy) -> Iterator[Check]:
    """Ask that labels without gold survive as the origin finds them; after training, a person decides.

    Agreement with the origin can show a loss but cannot rule one out: it is not gold.
    """
    counts = evaluation.origin_spans
    if counts is None:
        without = [label for label in sets.labels if not sets.support((label,))]
        if without:
            yield _check("too little gold", (0, 0), INSUFFICIENT, rule=f"not measured: {', '.join(without)}")
        return
    unscored = {
        label: counts[label]
        for label in sets.labels
        if label in counts and is_unscored(sets.support((label,)), counts[label][0], policy)
    }
    error = (1 - policy.confidence) / max(len(unscored), 1)
    for label, pair in unscored.items():
        yield _label_check(label, pair, policy, error, is_rewritten=evaluation.is_rewritten)
    if unscored and not evaluation.is_rewritten:
        yield _pooled(unscored, policy)


def _label_check(
    label: str, pair: tuple[int, int], policy: GatePolicy, error: float, *, is_rewritten: bool
) -> Check:
    found, kept = pair
    is_measured = found >= policy.min_support
    if is_measured and is_short(kept, found, policy.survival_floor, error):
        state = FAILED
    elif is_rewritten or not is_measured:
        state = INSUFFICIENT
    else:
        state = PASSED
    said = f"not significantly fewer than {policy.survival_floor:.2f} of the origin's {found} spans are kept"
    return _check(
        f"{label}, too little gold",
        pair,
        state,
        rule=f"{said}, and a person agrees: its `ner` was trained" if is_rewritten else said,
        margin=policy.survival_floor,
        # Few spans of an untouched `ner` need no decision.
        decisive=is_rewritten or is_measured,
    )


def _pooled(unscored: Mapping[str, tuple[int, int]], policy: GatePolicy) -> Check:
    found, kept = (sum(pair[place] for pair in unscored.values()) for place in (0, 1))
    floor = rounded(1 - policy.flip_cap)
    state = INSUFFICIENT
    if found >= policy.min_support:
        state = FAILED if is_short(kept, found, floor, 1 - policy.confidence) else PASSED
    return _check(
        "all with too little gold",
        (found, kept),
        state,
        rule=f"not significantly fewer than {floor:.3f} of the origin's {found} spans of them are kept",
        margin=floor,
        decisive=state is not INSUFFICIENT,
    )


def _check(
    name: str,
    pair: tuple[int, int],
    state: CheckState,
    *,
    rule: str,
    margin: float | None = None,
    decisive: bool = True,
) -> Check:
    found, kept = pair
    return Check(
        name=name,
        against=Against.ORIGIN,
        rule=rule,
        baseline=None,
        candidate=rounded(kept / found) if found else None,
        low=None,
        high=None,
        margin=margin,
        support=0,
        state=state,
        decisive=decisive,
    )
