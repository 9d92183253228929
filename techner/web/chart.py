"""The chart of nights: old and new micro F1 as points of an SVG, with the origin's line and its margin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from techner.core.records import Generation, RunOutcome
from techner.core.verdict import Check
from techner.registry.versions import went_back
from techner.web.rows import Night

WIDTH, HEIGHT = 760, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 26
LEAST_SPAN = 0.02
"""F1 that the axis shows at least: two models that differ by a thousandth are not drawn far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    night: Night
    x: float
    y: float
    value: float

    @property
    def is_promoted(self) -> bool:
        return self.night.outcome is RunOutcome.PROMOTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One score over the nights; offsets from the top left corner."""

    title: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    origin: float | None = None
    floor: float | None = None
    """Where the margin ends, below the origin's line."""

    @property
    def line(self) -> str:
        """The promoted nights, joined."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots if dot.is_promoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A rollback: from the night of the version that was left to that of the one gone back to."""

    start: float
    end: float
    move: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    panels: tuple[Panel, ...]
    backs: tuple[Back, ...]


def chart(nights: Sequence[Night], moves: Iterable[Generation]) -> Chart | None:
    """Draw judged nights, the oldest on the left; None where none was judged."""
    judged = [night for night in reversed(nights) if night.old or night.new]
    if not judged:
        return None
    step = (WIDTH - LEFT - RIGHT) / len(judged)
    xs = {night.id: LEFT + step * (at + 0.5) for at, night in enumerate(judged)}
    old = _panel("Old labels, micro F1", [(night, night.old) for night in judged], xs)
    new = _panel("New labels, micro F1", [(night, night.new) for night in judged], xs)
    return Chart(panels=tuple(panel for panel in (old, new) if panel), backs=_backs(judged, moves, xs))


def _panel(title: str, found: list[tuple[Night, Check | None]], xs: dict[str, float]) -> Panel | None:
    values = [(night, check.candidate) for night, check in found if check and check.candidate is not None]
    if not values:
        return None
    based = [check for _, check in found if check and check.baseline is not None]
    origin = based[-1].baseline if based else None
    floor = None if origin is None or based[-1].margin is None else max(origin - based[-1].margin, 0.0)
    levels = [value for _, value in values] + [level for level in (origin, floor) if level is not None]
    low, high = _span(levels)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    return Panel(
        title=title,
        dots=tuple(Dot(night=night, x=xs[night.id], y=y(value), value=value) for night, value in values),
        ticks=tuple((y(value), f"{value:.3f}") for value in (low, (low + high) / 2, high)),
        origin=None if origin is None else y(origin),
        floor=None if floor is None else y(floor),
    )


def _span(levels: list[float]) -> tuple[float, float]:
    low, high = min(levels), max(levels)
    room = max(LEAST_SPAN - (high - low), 0) / 2 + (high - low) * 0.08
    return max(low - room, 0.0), min(high + room, 1.0)


def _backs(judged: list[Night], moves: Iterable[Generation], xs: dict[str, float]) -> tuple[Back, ...]:
    places = {night.version: xs[night.id] for night in judged if night.version}
    found = []
    for move in moves:
        if not went_back(move) or move.previous not in places:
            continue
        end = places.get(move.version, float(LEFT))  # the origin, or a night further left
        found.append(Back(start=places[move.previous], end=end, move=move))
    return tuple(found)
