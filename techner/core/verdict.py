"""A verdict: the checks that were made, and what follows from them."""

from enum import StrEnum

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
    """There was nothing to measure; never a pass."""


@document
class Check:
    """One comparison: `observed` must not lie below `required`."""

    name: str
    against: str
    """origin, production, or floor."""
    rule: str
    baseline: float | None
    """F1 of what the candidate is compared with."""
    candidate: float | None
    low: float | None
    high: float | None
    """Interval of the change from baseline to candidate."""
    observed: float | None
    required: float
    support: int
    """Gold spans the comparison rests on."""

    @property
    def state(self) -> CheckState:
        if self.observed is None or not self.support:
            return CheckState.INSUFFICIENT
        return CheckState.PASSED if self.observed >= self.required else CheckState.FAILED


@document
class Verdict:
    """All checks of one candidate."""

    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        states = {check.state for check in self.checks}
        if not states or CheckState.FAILED in states:
            return Outcome.REJECT
        return Outcome.ASK if CheckState.INSUFFICIENT in states else Outcome.PROMOTE

    @property
    def reason(self) -> str:
        """Say in one line what decided."""
        decisive = {Outcome.REJECT: CheckState.FAILED, Outcome.ASK: CheckState.INSUFFICIENT}.get(self.outcome)
        if decisive is None:
            return f"all {len(self.checks)} checks passed"
        names = [f"{c.name} against {c.against}" for c in self.checks if c.state is decisive]
        return f"{decisive}: {', '.join(names) or 'no check was made'}"
