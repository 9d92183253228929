"""What makes a check pass, fail, or report that the set is too small."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check, CheckState
from techner.evaluation.answers import CANDIDATE
from techner.evaluation.bootstrap import Bootstrap, Measured

PASSED, FAILED, INSUFFICIENT = CheckState.PASSED, CheckState.FAILED, CheckState.INSUFFICIENT


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """F1 of baseline and candidate over some labels, and the change between them."""

    against: Against
    baseline: Measured
    candidate: Measured
    support: int

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


def compare(sets: Bootstrap, labels: tuple[str, ...], against: Against, *, macro: bool = False) -> Comparison:
    measure = sets.macro if macro else sets.micro
    return Comparison(
        against=against,
        baseline=measure(against, labels),
        candidate=measure(CANDIDATE, labels),
        support=sets.support(labels),
    )


def non_inferior(found: Comparison, name: str, margin: float, policy: GatePolicy) -> Check:
    """Pass if the loss is within the margin with confidence, fail if the observed one is not; otherwise ask.

    A test of non-inferiority. The interval is the two-sided one whose lower end is the one-sided bound that
    decides. `margin` is in F1, from 0 to 1.
    """
    low, high = found.change.bound(1 - policy.confidence), found.change.bound(policy.confidence)
    state = INSUFFICIENT
    if found.support >= policy.min_support and found.change.observed is not None and low is not None:
        if found.change.observed < -margin:
            state = FAILED
        elif low >= -margin:
            state = PASSED
    rule = f"lost at most {margin:.3f}, with {100 * policy.confidence:g} % confidence"
    return found.check(name, rule=rule, margin=margin, state=state, interval=(low, high))


def p_value(found: Comparison, margin: float) -> float:
    """Return the probability of a change this bad or worse if the true loss is `margin`.

    It is the normal tail of the standard error of the bootstrap, so that it is never 0 or a multiple of
    1 / resamples. The variance of one span is added, as in a corrected McNemar test, because one or two
    flips are not evidence.
    """
    if found.change.observed is None:
        return 1.0
    error = (found.change.standard_error**2 + 1 / found.support**2) ** 0.5
    return NormalDist().cdf((found.change.observed + margin) / error)


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Return which null hypotheses are rejected when all are tested together (Holm 1979), in their order."""
    rejected = [False] * len(p_values)
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        if p_values[position] > alpha / (len(p_values) - rank):
            break
        rejected[position] = True
    return rejected


def bounded(
    name: str,
    share: Measured,
    *,
    against: Against,
    rule: str,
    support: int,
    policy: GatePolicy,
    floor: float | None = None,
    cap: float | None = None,
) -> Check:
    """Compare the observed figure of the candidate itself with a floor or a cap."""
    low, high = share.interval(policy.confidence)
    state = INSUFFICIENT
    if support >= policy.min_support and share.observed is not None:
        kept = (floor is None or share.observed >= floor) and (cap is None or share.observed <= cap)
        state = PASSED if kept else FAILED
    return Check(
        name=name,
        against=against,
        rule=rule,
        baseline=None,
        candidate=share.observed,
        low=low,
        high=high,
        margin=cap if floor is None else floor,
        support=support,
        state=state,
    )
