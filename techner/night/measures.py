"""Figures of the nights for a time series: how old production is, what waits, and how candidates did."""

import time
from collections import Counter
from collections.abc import Iterable

from techner.core.verdict import Outcome, Verdict
from techner.inbox.survey import BatchState, Status
from techner.night.order import TASKS, LastTask
from techner.registry import Registry
from techner.store import Store

MOVED_AT = "techner.production.moved_at"
"""When production last moved, as Unix time: its age grows between the nights too."""
READ_S = "techner.store.read_seconds"
"""How long the store took to say what production is: a listing and a read."""
PLANNED_AT = "techner.night.planned_at"
"""When a night last looked into the inbox, as Unix time."""
BATCHES = {status: f"techner.batches.{status.name.lower()}" for status in Status}
F1 = {"pretrained micro F1": "techner.f1.pretrained", "new micro F1": "techner.f1.new"}
VERDICTS = {outcome: f"techner.verdicts.{outcome}" for outcome in Outcome}
"""Counts: one more for each judged candidate."""

SECONDS = {task: f"techner.seconds.{task}" for task in (*TASKS, LastTask.PUBLISH, LastTask.REJECT)}
"""How long the last try of a task took; of `admit`, for the batch that was ready last."""


def of_batches(states: Iterable[BatchState]) -> dict[str, float]:
    """Return how many batches are in each state, the empty ones too."""
    counts = Counter(state.status for state in states)
    return {name: counts[status] for status, name in BATCHES.items()}


def of_production(store: Store) -> dict[str, float]:
    """Return when production last moved, if it ever did, and how long the store took to say so."""
    began_s = time.monotonic()
    newest = Registry(store).log().newest()
    took = {READ_S: round(time.monotonic() - began_s, 4)}
    return took | ({MOVED_AT: newest.record.when.timestamp()} if newest else {})


def of_verdict(verdict: Verdict) -> dict[str, float]:
    """Return the scores of a candidate, as far as they were measured."""
    return {
        F1[check.name]: check.candidate
        for check in verdict.checks
        if check.name in F1 and check.candidate is not None
    }
