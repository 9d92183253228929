"""The order of a night, for everything that runs one: `night/whole.py`, the DAG, tests."""

from techner.core.verdict import Outcome

TASKS = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge")
"""The tasks of every night, in order; `admit` runs once per batch. The last task is that of `end_of`."""
ENDS = {Outcome.PROMOTE: "publish", Outcome.REJECT: "reject", Outcome.ASK: "ask"}
DRY_RUN = "dry_run"


def end_of(outcome: Outcome, *, dry_run: bool) -> str:
    """Return the task that ends a judged night; `ask` leaves it to a person."""
    return DRY_RUN if dry_run else ENDS[outcome]
