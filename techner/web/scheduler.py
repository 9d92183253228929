"""What pages ask of that which runs the nights. Knows no Airflow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Scheduler(Protocol):
    """What runs the nights, as the logged-in person may use it."""

    @property
    def who(self) -> str | None:
        """Who may start a night, as it is kept; None for one who may not."""

    def is_paused(self) -> bool:
        """Tell whether no run begins before somebody unpauses it."""

    def start(self, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start a night in the person's name; raises RegistryError with what the scheduler refuses."""

    def address(self, run_id: str) -> str | None:
        """Return where the scheduler shows a run; None if it does not know it."""

    def state(self, run_id: str) -> str | None:
        """Return the scheduler's word for the state of a run, like `queued`; None if it does not say."""

    def asking(self) -> Mapping[str, datetime] | None:
        """Return the runs that wait for an answer, each with when it asked; None if it does not say."""

    def failed(self) -> tuple[str, ...] | None:
        """Return the runs that failed since the last success, newest first; None if it does not say."""

    def times(self, run_id: str) -> tuple[tuple[str, float], ...]:
        """Return the seconds that each task of a run took, in order; none where that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """What the page needs to start nights."""

    scheduler: Callable[..., Scheduler]
    """A FastAPI dependency."""
    secret: Callable[[], bytes]
    """Signs the forms."""


def scheduler_of(starting: Starting | None) -> Callable[..., Scheduler | None]:
    """Return the dependency that gives the scheduler; None where there is none."""
    return starting.scheduler if starting else lambda: None
