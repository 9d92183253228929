"""How long nights may take in Airflow, and where; nothing here changes what a night makes."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from techner.core.bounds import Checked, Range
from techner.core.document import document

Hours = Annotated[float, Range(0.01, 1000.0)]


@document
class NightsPolicy(Checked):
    """How Airflow runs the nights. Its DAG processor reads this section too, so give it the same settings."""

    section: ClassVar[str] = "nights"

    train_queue: str = ""
    """Queue of `uptrain`, for workers of its own; empty: the queue of all other tasks."""
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
