"""How far a figure may be from what was observed, and how much error one night may make."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, hypot, isnan, lgamma, log, sqrt
from statistics import NormalDist

from techner.core.policy import GatePolicy
from techner.evaluation.bootstrap import Measured, rounded

RESERVED = 0.6
"""Share of a margin that the bound may lie below the observed change."""
Bounds = tuple[float | None, float | None]
"""Lower and upper; None where the figure is undefined."""


def night_error(policy: GatePolicy, not_promoted: int) -> float:
    """Return the error that one night may make, after so many that the gate did not promote.

    Half of 1 - confidence for the first, then a sixth, a twelfth, …: all together never exceed it, where the
    set lets `Strictness` keep to it. A night that is promoted passes its share on (online fallback, Tian and
    Ramdas 2021; ADR 28).
    """
    return (1 - policy.confidence) / ((not_promoted + 1) * (not_promoted + 2))


@dataclass(frozen=True, slots=True)
class Strictness:
    """How sure the gate must be that a loss is within its margin, in standard errors."""

    least: float
    wanted: float

    def of(self, change: Measured, grain: float, margin: float) -> float:
        """Return as much of what is wanted as leaves the bound within `RESERVED` of the margin.

        Otherwise, on a small set, each harmless night would ask, and each night that asks makes the next one
        stricter.
        """
        reach = RESERVED * margin
        spread = sqrt(grain * reach + change.standard_error**2)
        bearable = reach / spread if spread > 0 else self.wanted
        return max(self.least, min(self.wanted, bearable))


def strictness(policy: GatePolicy, not_promoted: int | None) -> Strictness:
    """Return that of a night after so many that were not promoted; None: one night stands for itself."""
    if not_promoted is None:
        alone = deviations(1 - policy.confidence)
        return Strictness(alone, alone)
    first, now = (deviations(night_error(policy, count)) for count in (0, not_promoted))
    return Strictness(first, now)


def deviations(error: float) -> float:
    """Return how many standard errors a normal variable exceeds with this probability."""
    return NormalDist().inv_cdf(1 - error)


def score_bounds(change: Measured, grain: float, z: float) -> Bounds:
    """Return bounds of the true change of F1 that are `z` standard errors away.

    A score interval: normal (quantiles of 1 000 resamples end at 0.001), with the variance that the change
    would have at the bound. There as many more spans are lost as it takes, each worth `grain` in F1 and with
    its own variance, so that a set in which nothing changed does not claim that nothing can.
    """
    if change.observed is None or isnan(change.standard_error):
        return None, None
    reach = (z**2 * grain + sqrt((z**2 * grain) ** 2 + 4 * (z * change.standard_error) ** 2)) / 2
    return rounded(max(change.observed - reach, -1.0)), rounded(min(change.observed + reach, 1.0))


def share_bounds(share: Measured, limit: float | None, support: int, error: float) -> Bounds:
    """Return bounds of a share of `support` spans; it varies at least as a share at the limit does."""
    if share.observed is None or isnan(share.standard_error):
        return None, None
    least = sqrt((limit or 0.0) * (1 - (limit or 0.0)) / max(support, 1))
    reach = deviations(error) * max(share.standard_error, least)
    return rounded(max(share.observed - reach, 0.0)), rounded(min(share.observed + reach, 1.0))


def is_short(kept: int, found: int, floor: float, error: float) -> bool:
    """Tell whether so few spans were kept that, at the floor, chance has a probability of at most `error`.

    The tail of the binomial distribution: spans of one text count as independent.
    """
    if not found or kept >= floor * found or not 0 < floor < 1:
        return bool(found) and kept < floor * found
    constant = lgamma(found + 1)

    def term(number: int) -> float:
        chosen = constant - lgamma(number + 1) - lgamma(found - number + 1)
        return exp(chosen + number * log(floor) + (found - number) * log(1 - floor))

    return fsum(map(term, range(kept + 1))) <= error


def p_value(change: Measured, margin: float, support: int) -> float:
    """Return the probability of a change this bad or worse if the true loss is `margin`.

    It is the normal tail of the standard error of the bootstrap, so that it is never 0 or a multiple of
    1 / resamples. The variance of one span is added, as in a corrected McNemar test, because one or two
    flips are not evidence.
    """
    if change.observed is None:
        return 1.0
    return NormalDist().cdf((change.observed + margin) / hypot(change.standard_error, 1 / support))


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Return which null hypotheses are rejected when all are tested together (Holm 1979), in their order."""
    rejected = [False] * len(p_values)
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        if p_values[position] > alpha / (len(p_values) - rank):
            break
        rejected[position] = True
    return rejected
