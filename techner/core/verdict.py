"""A verdict: the checks that were made, and what follows from them."""

from enum import StrEnum
from typing import assert_never

from techner.core.document import document


class Outcome(StrEnum):
    PROMOTE = "promote"
    REJECT = "reject"
    ASK = "ask"
    """Evidence is missing: a person decides."""


class CheckState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INSUFFICIENT = "insufficient"
    """Nothing was measured, or the set is too small to show what the rule asks; never a pass."""


class Against(StrEnum):
    """What a candidate is compared with."""

    ORIGIN = "origin"
    PRODUCTION = "production"
    FLOOR = "floor"
    """A figure of the policy alone."""


@document
class Check:
    """One comparison: what was compared, by which rule, and how it ended.

    Flat, as its JSON is: nested evidence would need its own parser, serializer and schema of the API.
    """

    name: str
    against: Against
    rule: str
    baseline: float | None
    """Score of what the candidate is compared with; None where the rule looks at the candidate alone."""
    candidate: float | None
    low: float | None
    high: float | None
    """Interval of `observed`."""
    margin: float | None
    """The greatest loss allowed; where nothing is compared, the floor or cap."""
    support: int
    """Gold spans the comparison rests on."""
    state: CheckState
    decisive: bool = True
    """False: a remark, which decides nothing."""

    @property
    def observed(self) -> float | None:
        """What the rule looks at: the change from baseline to candidate, or the candidate alone."""
        if self.candidate is None or self.baseline is None:
            return self.candidate
        return round(self.candidate - self.baseline, 4)


@document
class Verdict:
    """All checks of one candidate."""

    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        states = {check.state for check in self.checks if check.decisive}
        if not states or CheckState.FAILED in states:
            return Outcome.REJECT
        return Outcome.ASK if CheckState.INSUFFICIENT in states else Outcome.PROMOTE

    @property
    def reason(self) -> str:
        """Say in one line what decided."""
        decisive = [check for check in self.checks if check.decisive]
        match self.outcome:
            case Outcome.PROMOTE:
                return f"all {len(decisive)} checks passed"
            case Outcome.REJECT:
                state = CheckState.FAILED
            case Outcome.ASK:
                state = CheckState.INSUFFICIENT
            case outcome:
                assert_never(outcome)
        names = [f"{check.name} against {check.against}" for check in decisive if check.state is state]
        return f"{state}: {', '.join(names) or 'no check was made'}"

    @property
    def unpassed(self) -> tuple[Check, ...]:
        """Return the checks that decided against the candidate, then those that are open."""
        found = [check for check in self.checks if check.decisive and check.state is not CheckState.PASSED]
        return tuple(sorted(found, key=lambda check: check.state is not CheckState.FAILED))

    @property
    def remarks(self) -> tuple[Check, ...]:
        """Return what did not pass, and decides nothing."""
        return tuple(
            check for check in self.checks if not check.decisive and check.state is not CheckState.PASSED
        )

    @property
    def passed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state is CheckState.PASSED)
