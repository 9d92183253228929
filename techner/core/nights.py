"""When nights begin in Airflow, and how long they may take; nothing here changes what a night makes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from techner.core.bounds import Checked, Range, SomeOf
from techner.core.document import document

_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_FIELDS = 5


@dataclass(frozen=True)
class Cron:
    """A cron expression or the empty string; whether its fields make sense, Airflow says."""

    def allows(self, value: Any) -> bool:
        return value in ("", *_PRESETS) or len(value.split()) == _FIELDS

    def __str__(self) -> str:
        return f'give a cron expression of {_FIELDS} fields, like "0 2 * * *", or "" for none'


Hours = Annotated[float, Range(0.01, 1000.0)]


@document
class NightsPolicy(Checked):
    """How Airflow runs the nights. Its DAG processor reads this section too, so give it the same settings."""

    section: ClassVar[str] = "nights"

    schedule: Annotated[str, Cron()] = "0 2 * * *"
    """Cron expression of the nights; empty: none begins by the clock."""
    timezone: str = ""
    """Time zone of that expression, like `Europe/Berlin`; empty: the one that Airflow is set to."""
    on_arrival: bool = False
    """Whether a night also begins when files have arrived in the inbox."""
    quiet_s: Annotated[int, Range(1, 86_400)] = 120
    """Seconds between two looks into the inbox; a night begins when the second finds nothing newer."""
    train_queue: str = ""
    """Queue of `uptrain`, for workers of its own; empty: the queue of all other tasks."""
    train_pod: str = ""
    """Template of the pod of `uptrain` on Kubernetes, a file of the scheduler; empty: that of all tasks."""
    train_hours: Hours = 12.0
    """Hours that one try of `uptrain` may take."""
    task_hours: Hours = 2.0
    """Hours that one try of any other task may take."""
    answer_hours: Hours = 12.0
    """Hours for which a question of the gate waits for a person, before the candidate is rejected."""
    run_hours: Annotated[float, Range(0.02, 10_000.0)] = 60.0
    """Hours that a whole night may take, with retries and the wait for an answer."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        for name in ("train_hours", "task_hours", "answer_hours"):
            if (hours := getattr(self, name)) >= self.run_hours:
                yield name, f"is {hours:g}: give less than nights.run_hours, which is {self.run_hours:g}"


@document
class CollectionPolicy(Checked):
    """When Airflow frees space in the store (`techner_collect`), once somebody has unpaused that DAG."""

    section: ClassVar[str] = "collection"

    schedule: Annotated[str, Cron()] = "0 12 * * 0"
    """Cron expression of the collections; empty: none begins by the clock."""
    timezone: str = ""
    """Time zone of that expression, like `Europe/Berlin`; empty: the one that Airflow is set to."""


EVENTS = ("promoted", "rejected", "asked", "failed", "late")


@document
class NoticesPolicy(Checked):
    """Who is told what became of a night: by connections that are kept in Airflow, each named by its id."""

    section: ClassVar[str] = "notices"

    smtp: str = ""
    """Connection for mail; empty: none is sent."""
    to: tuple[str, ...] = ()
    """Addresses to which mail goes."""
    slack: str = ""
    """Connection to an incoming webhook of Slack; empty: none."""
    webhook: str = ""
    """HTTP connection to which `event`, `dag`, `run`, `text` and `url` are posted as JSON; empty: none."""
    events: Annotated[tuple[str, ...], SomeOf(EVENTS)] = EVENTS
    """What is told; batches that a rejection holds are named with it."""
    late_hours: Annotated[float, Range(0.0, 1000.0)] = 0.0
    """A night that has not ended so many hours after it was queued is late; 0: never."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.smtp and not self.to:
            yield "to", "is empty: give the addresses to which mail over notices.smtp goes"
