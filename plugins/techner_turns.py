"""Whose turn it is: one night works at a time, and one that asks holds up no other (ADR 39)."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk import get_current_context

if TYPE_CHECKING:
    from techner.store import Store

log = logging.getLogger("techner.nightly")

MOST_NIGHTS = 16
"""At once: one works, the others wait for an answer or for their turn."""
LOOK_EVERY_S = 60.0
WAITS = ContextVar("waits", default=True)
"""False for a run in a process of its own: without a scheduler, nobody would end a night that was killed."""
_LAST = ("ask", "publish", "reject", "dry_run")
_OVER = ("success", "failed", "skipped", "upstream_failed", "removed")
States = Mapping[str, Mapping[str, str | None]]
"""Run → task → its state in Airflow, None before it is scheduled."""


class Others(NamedTuple):
    """The other nights of this DAG that have a plan and no end."""

    working: tuple[str, ...]
    asking: tuple[str, ...]


def other_nights() -> Others:
    """Ask Airflow about the other nights of the DAG whose task is at work."""
    context = get_current_context()
    ti, own = context["ti"], context["run_id"]
    if ti.get_dr_count(dag_id=ti.dag_id, states=["running"]) <= 1:
        return Others((), ())
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=["plan", *_LAST])
    found = among(states, own, lambda run_id: ti.get_dagrun_state(dag_id=ti.dag_id, run_id=run_id))
    return found if WAITS.get() else found._replace(working=())


def among(states: States, own: str, state_of: Callable[[str], str]) -> Others:
    """Return which of the runs work and which ask, `own` aside; `state_of` gives the state of a whole run."""
    found = [
        (run_id, tasks.get("ask"))
        for run_id, tasks in states.items()
        if run_id != own
        and tasks.get("plan") == "success"
        and _is_open(tasks)
        and state_of(run_id) == "running"
    ]
    asking = tuple(run_id for run_id, ask in found if ask not in (None, *_OVER))
    return Others(tuple(run_id for run_id, _ in found if run_id not in asking), asking)


def batches_of(store: "Store", run_ids: tuple[str, ...]) -> dict[str, str]:
    """Return the digests of the batches in the plans of runs, each with its run."""
    from techner.core.run_documents import Plan
    from techner.runs.documents import RunDocuments

    plans = {run_id: RunDocuments(store=store, id=run_id).find(Plan) for run_id in run_ids}
    return {batch.digest: run_id for run_id, plan in plans.items() if plan for batch in plan.batches}


def _is_open(tasks: Mapping[str, Any]) -> bool:
    return any(task in tasks and tasks[task] not in _OVER for task in _LAST)
