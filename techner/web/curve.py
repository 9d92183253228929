"""A training as curves: loss and F1 on the dev part, epoch by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from techner.core.run_documents import Candidate

WIDTH, HEIGHT, EDGE = 320.0, 90.0, 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line from left to right, in units of a picture of WIDTH × HEIGHT."""

    name: str
    points: tuple[tuple[float, float], ...]
    values: tuple[float, ...]
    kept: int
    """Place of the epoch whose weights the candidate has."""

    @property
    def line(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.points)


def curves(candidate: Candidate) -> tuple[Curve, ...]:
    """Return the curves of a training; none if it made no epoch."""
    kept = kept_epoch(candidate)
    named = (("loss per word", candidate.losses), ("F1 on the dev part", candidate.dev_f1))
    return tuple(
        Curve(name=name, points=_points(values), values=tuple(values), kept=min(kept, len(values)) - 1)
        for name, values in named
        if values
    )


def kept_epoch(candidate: Candidate) -> int:
    """Return the epoch whose weights were kept, from 1: the first that was best on the dev part, or the last.

    As the training loop chooses, but on F1 as it is stored, with four decimals.
    """
    if len(candidate.dev_f1) != len(candidate.losses):
        return len(candidate.losses)
    return 1 + candidate.dev_f1.index(max(candidate.dev_f1, default=0.0)) if candidate.dev_f1 else 0


def _points(values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    least, most = min(values), max(values)
    across, high = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    steps = max(len(values) - 1, 1)
    return tuple(
        (
            round(EDGE + across * place / steps, 1),
            round(EDGE + high * (most - value) / (most - least or 1.0), 1),
        )
        for place, value in enumerate(values)
    )
