"""A check as one sentence, and its interval as a picture against its margin."""

from dataclasses import dataclass

from techner.core.run_documents import Speed
from techner.core.verdict import Against, Check, CheckState

WIDTH = 200.0
"""Width of a picture, in its own units."""
_EDGE = 0.06
_AGAINST = {
    Against.ORIGIN: " against the origin",
    Against.PRODUCTION: " against production",
    Against.FLOOR: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Where things are, from 0 to WIDTH; None: not drawn."""

    limit: float
    """The least, or the greatest, that is allowed."""
    allowed_from: float
    allowed_to: float
    zero: float | None
    """No change."""
    observed: float
    low: float | None
    high: float | None
    text: str
    """The same in words."""


def figure(value: float) -> str:
    """Return a score with three decimals, or four if the fourth says something: 0.0104 is more than 0.010."""
    exact = f"{value:.4f}"
    return exact.removesuffix("0")


def check_sentence(check: Check, speed: Speed | None = None) -> str:
    """Say what a check found and what it allows; `speed` has the figures that a check of speed lacks."""
    subject = f"{check.name}{_AGAINST[check.against]}"
    if check.name == "speed" and speed:
        return (
            f"Speed: {speed.ratio:.2f} of the origin's, {_words(speed.candidate)} words per second against "
            f"{_words(speed.origin)}; {check.rule}"
        )
    if check.candidate is None:
        is_unknown = check.state is CheckState.INSUFFICIENT
        return f"{subject}: {'not measured' if is_unknown else check.state}; {check.rule}"
    if check.baseline is None or check.observed is None:
        return f"{subject}: {figure(check.candidate)}; {check.rule}"
    return f"{check.name} {_change(check, check.observed)}"


def _change(check: Check, change: float) -> str:
    against = (
        f"{_AGAINST[check.against]} ({figure(check.baseline or 0.0)} → {figure(check.candidate or 0.0)})"
    )
    said = f"{'lost' if change < 0 else 'gained'} {figure(abs(change))}{against}"
    if change == 0:
        said = f"did not change{against}"
    if check.margin is None:
        return f"{said}; {check.rule}"
    margin = figure(check.margin)
    said = f"{said}, {margin} allowed" if change < 0 else f"{said}, a loss of {margin} is allowed"
    if check.state is CheckState.INSUFFICIENT:
        loss = f": the loss may be {figure(-check.low)}" if check.low is not None and check.low < 0 else ""
        return f"{said}, but {check.support} gold spans cannot show that{loss}"
    return said


def check_picture(check: Check) -> Picture | None:
    """Return the interval of a check against what it allows; None where nothing was measured."""
    observed, margin = check.observed, check.margin
    if observed is None or margin is None:
        return None
    is_change = check.baseline is not None
    limit = -margin if is_change else margin
    is_cap = not is_change and check.rule.startswith("at most")
    low, high = check.low, check.high
    ends = [limit, observed, low, high, 0.0 if is_change else None]
    points: list[float] = [value for value in ends if value is not None]
    start, end = min(points), max(points)
    room = (end - start or 1.0) * _EDGE

    def place(value: float) -> float:
        return round(WIDTH * (value - start + room) / (end - start + 2 * room), 1)

    at = place(limit)
    return Picture(
        limit=at,
        allowed_from=0.0 if is_cap else at,
        allowed_to=at if is_cap else WIDTH,
        zero=place(0.0) if is_change else None,
        observed=place(observed),
        low=None if low is None else place(low),
        high=None if high is None else place(high),
        text=_caption(check, limit, observed, is_change=is_change, is_cap=is_cap),
    )


def _caption(check: Check, limit: float, observed: float, *, is_change: bool, is_cap: bool) -> str:
    sign = "+" if is_change else ""
    found = f"{observed:{sign}.4f}"
    if check.low is not None and check.high is not None:
        found += f", interval {check.low:{sign}.4f} … {check.high:{sign}.4f}"
    return f"{found}; allowed {'up to' if is_cap else 'from'} {limit:{sign}.4f}{' on' * (not is_cap)}"


def _words(rate: float) -> str:
    """Return a rate with a narrow space between thousands."""
    return f"{rate:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
