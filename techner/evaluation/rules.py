"""What makes a check pass, fail, or report that the set is too small."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check, CheckState
from techner.evaluation.answers import CANDIDATE
from techner.evaluation.bootstrap import Bootstrap, Measured
from techner.evaluation.intervals import Strictness, score_bounds, share_bounds

PASSED, FAILED, INSUFFICIENT = CheckState.PASSED, CheckState.FAILED, CheckState.INSUFFICIENT


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """F1 of baseline and candidate over some labels, and the change between them."""

    against: Against
    baseline: Measured
    candidate: Measured
    support: int
    grain: float
    """How much F1 falls by one span that was right and is missed."""

    @property
    def change(self) -> Measured:
        return self.candidate.minus(self.baseline)

    def check(
        self,
        name: str,
        *,
        rule: str,
        margin: float | None,
        state: CheckState,
        interval: tuple[float | None, float | None],
        decisive: bool = True,
    ) -> Check:
        return Check(
            name=name,
            against=self.against,
            rule=rule,
            baseline=self.baseline.observed,
            candidate=self.candidate.observed,
            low=interval[0],
            high=interval[1],
            margin=margin,
            support=self.support,
            state=state,
            decisive=decisive,
        )


def compare(sets: Bootstrap, labels: tuple[str, ...], against: Against) -> Comparison:
    """Compare micro F1 over `labels`."""
    return Comparison(
        against=against,
        baseline=(baseline := sets.micro(against, labels)),
        candidate=sets.micro(CANDIDATE, labels),
        support=sets.support(labels),
        grain=_grain(baseline, sets.support(labels)),
    )


def compare_macro(sets: Bootstrap, groups: Sequence[tuple[str, ...]], against: Against) -> Comparison:
    """Compare the mean F1 of groups of labels."""
    grains = [_grain(sets.micro(against, group), sets.support(group)) for group in groups]
    return Comparison(
        against=against,
        baseline=sets.macro(against, groups),
        candidate=sets.macro(CANDIDATE, groups),
        support=sum(map(sets.support, groups)),
        grain=sum(grains) / max(len(groups), 1) ** 2,
    )


def _grain(baseline: Measured, support: int) -> float:
    """Return how much F1 falls if one right span is missed and as many are predicted as there are."""
    return (2 - (baseline.observed or 0.0)) / (2 * max(support, 1))


def non_inferior(
    found: Comparison, name: str, margin: float, policy: GatePolicy, *, strict: Strictness, note: str = ""
) -> Check:
    """Pass if the loss is within the margin with confidence, fail if the observed one is not; otherwise ask.

    A test of non-inferiority. The lower end of the interval is the bound that decides. `margin` is in F1,
    from 0 to 1.
    """
    z = strict.of(found.change, found.grain, margin)
    low, high = score_bounds(found.change, found.grain, z)
    state = INSUFFICIENT
    if found.support >= policy.min_support and found.change.observed is not None and low is not None:
        if found.change.observed < -margin:
            state = FAILED
        elif low >= -margin:
            state = PASSED
    rule = f"lost at most {margin:.3f}, with an error of at most {100 * NormalDist().cdf(-z):.2g} %{note}"
    return found.check(name, rule=rule, margin=margin, state=state, interval=(low, high))


class Limits(NamedTuple):
    """What a figure of the candidate itself may be."""

    floor: float | None = None
    cap: float | None = None
    is_lenient: bool = False
    """Whether a figure passes that is beyond, but may be so by chance."""


def bounded(
    name: str,
    share: Measured,
    *,
    against: Against,
    rule: str,
    support: int,
    limits: Limits,
    policy: GatePolicy,
) -> Check:
    """Compare the figure of the candidate itself with a floor or a cap.

    Fail if it is beyond with confidence; what is beyond as observed alone may be chance, and asks.
    """
    floor, cap = limits.floor, limits.cap
    limit = cap if floor is None else floor
    low, high = share_bounds(share, limit, support, 1 - policy.confidence)
    state = INSUFFICIENT
    if support >= policy.min_support and share.observed is not None and low is not None and high is not None:
        if (floor is not None and high < floor) or (cap is not None and low > cap):
            state = FAILED
        elif limits.is_lenient or (floor or 0.0) <= share.observed <= (1.0 if cap is None else cap):
            state = PASSED
    return Check(
        name=name,
        against=against,
        rule=rule,
        baseline=None,
        candidate=share.observed,
        low=low,
        high=high,
        margin=limit,
        support=support,
        state=state,
    )
