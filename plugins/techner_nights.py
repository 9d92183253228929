"""How Airflow runs the nights, as the settings say: read whenever the DAG file is parsed."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param
from airflow.sdk.configuration import conf
from techner_notices import notices
from techner_tasks import RETRIES, Ask, StorePatience

if TYPE_CHECKING:
    from techner.core.nights import NightsPolicy

DOC = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
"""For the people who watch the nights in Airflow."""


@cache
def nights() -> "NightsPolicy":
    """Return how nights are to run; raises SettingsError, which Airflow shows as an import error."""
    from techner.settings import load_settings

    return load_settings().nights


def default_args() -> dict[str, Any]:
    """Return what holds for every task, unless it says otherwise."""
    return {
        "retries": RETRIES,
        "retry_policy": StorePatience(),
        # After a worker was lost: nothing has to come back first. For errors, the policy knows the pause.
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=nights().task_hours),
    }


def make_ask(dag_id: str) -> Ask:
    """Make the task that asks a person."""
    return Ask(
        task_id="ask",
        subject="Evidence is missing: publish this candidate?",
        options=["publish", "reject"],
        defaults=["reject"],
        response_timeout=timedelta(hours=nights().answer_hours),
        params={"reason": Param("", type="string", title="Reason (kept for ever)")},
        notifiers=notices("asked", dag_id),
        retries=10,  # an answer at once costs a try, and so does the next one
        retry_policy=None,
        retry_delay=timedelta(seconds=5),
    )


def train_queue() -> str:
    """Return the queue of `uptrain`: one of its own, or that of all tasks."""
    return nights().train_queue or str(conf.get("operators", "default_queue"))
