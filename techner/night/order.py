"""The order of a night, for everything that runs one: `night/whole.py`, the DAG, tests."""

from enum import StrEnum
from typing import assert_never

from techner.core.verdict import Outcome

TASKS = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge")
"""The tasks of every night, in order; `admit` runs once per batch. The last task is that of `end_of`."""


class LastTask(StrEnum):
    """What ends a judged night; `ask` leaves it to a person."""

    PUBLISH = "publish"
    REJECT = "reject"
    ASK = "ask"
    DRY_RUN = "dry_run"


def end_of(outcome: Outcome, *, dry_run: bool) -> LastTask:
    """Return the task that ends a night judged so."""
    if dry_run:
        return LastTask.DRY_RUN
    match outcome:
        case Outcome.PROMOTE:
            return LastTask.PUBLISH
        case Outcome.REJECT:
            return LastTask.REJECT
        case Outcome.ASK:
            return LastTask.ASK
        case _:
            assert_never(outcome)
