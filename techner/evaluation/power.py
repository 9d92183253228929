"""How small a loss the frozen sets can show: `techner doctor` says it before a night has to ask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check
from techner.evaluation.bootstrap import DIGITS
from techner.evaluation.intervals import RESERVED, Strictness, strictness

ASSUMED_OLD, ASSUMED_NEW = 0.02, 0.3
"""Share of the gold spans that a night changes, assumed until a night was judged.

Old: the starter model in the demo; a better one changes 0.005. New: two seeds of one recipe.
"""
PER_CHANGE = 0.6
"""Change of F1 for one changed span, times the gold spans: (2 - F1) / (1 + predicted / gold) at F1 0.8."""
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What one check can show on the sets there are."""

    check: str
    support: int
    """Gold spans."""
    margin: float
    smallest: float
    """Loss in F1 that shows in 8 of 10 nights; with a margin as wide, 8 of 10 harmless nights pass."""
    is_measured: bool
    """True: from the last judged run; false: from an assumed share of changed spans."""
    must_reach: bool = True
    """Whether the gate asks if the set is too small; new labels pass unless they are significantly worse."""

    @property
    def is_enough(self) -> bool:
        return self.smallest <= self.margin

    @property
    def needed(self) -> int | None:
        """Gold spans at which a loss as large as the margin shows; the error shrinks with their square root.

        None if the margin is 0: no number is enough.
        """
        if self.is_enough:
            return self.support
        if not self.margin:
            return None
        return ceil(self.support * (self.smallest / self.margin) ** 2)


@dataclass(frozen=True, kw_only=True)
class LastJudged:
    """The last judged run, which shows how far a change varies."""

    checks: tuple[Check, ...] = ()
    before: int = 0
    """How many candidates the gate had not promoted before it."""


def reaches(
    regression: Mapping[str, int], holdout: int, last: LastJudged, policy: GatePolicy
) -> Iterator[Reach]:
    """Yield what the sets can show for each margin.

    `regression` is label → gold spans, `holdout` a number of gold spans.
    """
    judged = {(check.name, check.against): check for check in last.checks}
    counts = {label: number for label, number in regression.items() if number}
    total = sum(counts.values())
    strict = strictness(policy, last.before)
    one_sided = strict.least
    two_sided = NormalDist().inv_cdf((1 + policy.confidence) / 2)

    def reach(name: str, support: int, margin: float, assumed: float, *, old: bool = True) -> Reach:
        sides = one_sided if old else two_sided
        check = judged.get((name, Against.ORIGIN if old else Against.PRODUCTION))
        error = _error(check, support, _sides(check, strict) if old else sides)
        found = error if error is not None else assumed
        smallest = round((sides + NormalDist().inv_cdf(POWER)) * found, 4)
        return Reach(
            check=name,
            support=support,
            margin=margin,
            smallest=smallest,
            is_measured=error is not None,
            must_reach=old,
        )

    if total:
        by_label = [_assumed(number, ASSUMED_OLD) for number in _groups(counts, policy)]
        macro = sqrt(sum(error**2 for error in by_label)) / len(by_label)
        yield reach("pretrained micro F1", total, policy.micro_margin, _assumed(total, ASSUMED_OLD))
        yield reach("pretrained macro F1", total, policy.macro_margin, macro)
    for label, number in sorted(counts.items()):
        if number >= max(policy.drop_support, policy.label_support):
            yield reach(f"{label}, drop", number, policy.label_drop, _assumed(number, ASSUMED_OLD))
    if holdout:
        yield reach("new micro F1", holdout, policy.new_margin, _assumed(holdout, ASSUMED_NEW), old=False)


def _groups(counts: Mapping[str, int], policy: GatePolicy) -> list[int]:
    """Return the gold spans of each group that macro F1 is the mean of."""
    alone = [number for number in counts.values() if number >= policy.label_support]
    rest = sum(counts.values()) - sum(alone)
    return [*alone, *([rest] if rest >= policy.label_support or not alone else [])]


def _assumed(support: int, changed: float) -> float:
    """Return the standard error of a change in F1 when this share of the gold spans changes."""
    return PER_CHANGE * sqrt(changed / support)


def _sides(last: Check | None, strict: Strictness) -> float:
    """Return how many standard errors the bound of a judged check lies below what was observed, at least."""
    if last is None or last.low is None or last.high is None or last.margin is None:
        return strict.least
    is_bearable = (last.high - last.low) / 2 < RESERVED * last.margin - 10**-DIGITS
    return strict.wanted if is_bearable else strict.least


def _error(last: Check | None, support: int, sides: float) -> float | None:
    """Read the standard error off a judged check's interval, for as many gold spans as there are now."""
    if last is None or last.low is None or last.high is None or not last.support:
        return None
    # If nothing changed at all, one changed span is the best guess.
    error = max((last.high - last.low) / (2 * sides), PER_CHANGE / last.support)
    return error * sqrt(last.support / support)
