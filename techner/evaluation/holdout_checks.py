"""Checks on the holdout: the new labels, and what survives of the old ones on texts of the new domain."""

from collections.abc import Iterator
from dataclasses import replace

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check, CheckState
from techner.evaluation.answers import CANDIDATE, ORIGIN
from techner.evaluation.bootstrap import Bootstrap
from techner.evaluation.rules import FAILED, INSUFFICIENT, PASSED, Comparison, Limits, bounded, compare


def domain_checks(sets: Bootstrap, production_labels: tuple[str, ...], policy: GatePolicy) -> Iterator[Check]:
    """Yield the checks: new labels reach a floor and keep up with production; spans of the origin survive."""
    yield bounded(
        "new micro F1",
        sets.micro(CANDIDATE, sets.labels),
        against=Against.FLOOR,
        rule=f"at least {policy.new_floor:.2f}",
        support=sets.support(sets.labels),
        limits=Limits(floor=policy.new_floor),
        policy=policy,
    )
    yield _against_production(sets, production_labels, policy)
    share, support = sets.survival(ORIGIN)
    survival = bounded(
        "survival",
        share,
        against=Against.ORIGIN,
        rule=f"not significantly fewer than {policy.survival_floor:.2f} of its spans away from new gold "
        "are still found",
        support=support,
        limits=Limits(floor=policy.survival_floor, is_lenient=True),
        policy=policy,
    )
    # An origin that finds almost nothing there has nothing to lose.
    yield replace(survival, decisive=support >= policy.min_support)


def _against_production(sets: Bootstrap, production_labels: tuple[str, ...], policy: GatePolicy) -> Check:
    # The candidate need not know a label that was retired since.
    known = tuple(label for label in sets.labels if label in production_labels)
    found = compare(sets, known, Against.PRODUCTION)
    if not known:
        rule = "no baseline: production knows none of the new labels"
        return found.check(
            "new micro F1",
            rule=rule,
            margin=None,
            state=INSUFFICIENT,
            interval=(None, None),
            decisive=False,
        )
    return found.check(
        "new micro F1",
        rule=f"no significant loss, or one of at most {policy.new_margin:.3f}",
        margin=policy.new_margin,
        state=_state(found, policy),
        interval=found.change.interval(policy.confidence),
    )


def _state(found: Comparison, policy: GatePolicy) -> CheckState:
    """Fail what is significantly worse and by more than the margin.

    This is not a test of non-inferiority: two seeds of one recipe differ by more than a few hundred gold
    spans can show to be within two points, so the gate would ask every night.
    """
    _, high = found.change.interval(policy.confidence)
    if found.support < policy.min_support or found.change.observed is None or high is None:
        return INSUFFICIENT
    return FAILED if high < 0 and found.change.observed < -policy.new_margin else PASSED
