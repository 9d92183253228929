"""How Airflow runs the nights, as the settings say: read whenever the DAG file is parsed."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param
from airflow.sdk.configuration import conf
from techner_models import dag_of
from techner_notices import notices
from techner_schedule import clock, schedule
from techner_tasks import RETRIES, Ask, StorePatience

if TYPE_CHECKING:
    from airflow.sdk import CronTriggerTimetable

    from techner.core.nights import NightsPolicy

DOC = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
"""For the people who watch the nights in Airflow."""


@cache
def nights(model: str | None) -> "NightsPolicy":
    """Return how nights are to run; raises SettingsError, which Airflow shows as an import error."""
    from techner.settings import load_settings

    return load_settings(model).nights


@cache
def collection_clock(model: str | None) -> "CronTriggerTimetable | None":
    """Return when collections begin; raises SettingsError, which Airflow shows as an import error."""
    from techner.settings import load_settings

    return clock(load_settings(model).collection)


def sound_models() -> tuple[str | None, ...]:
    """Return the models whose DAGs can be made: None alone, where the settings name no models.

    What is wrong with the others, `faults` says. Raises SettingsError if the file cannot be read.
    """
    from techner.settings import model_names

    names = model_names()
    return tuple(name for name in names if _fault(name) is None) if names else (None,)


def faults() -> tuple[str, ...]:
    """Say what is wrong with the models whose DAGs are missing; raises what `sound_models` raises."""
    from techner.settings import model_names

    return tuple(f"{name}: {fault}" for name in model_names() if (fault := _fault(name)))


@cache
def _fault(model: str) -> str | None:
    from techner.core.errors import TechnerError
    from techner.core.nights import EVENTS

    try:
        schedule(nights(model), model)
        collection_clock(model)
        for event in EVENTS:
            notices(event, dag_of(model))
    except TechnerError as error:
        return str(error)
    return None


def default_args(model: str | None) -> dict[str, Any]:
    """Return what holds for every task, unless it says otherwise."""
    return {
        "retries": RETRIES,
        "retry_policy": StorePatience(),
        # After a worker was lost: nothing has to come back first. For errors, the policy knows the pause.
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=nights(model).task_hours),
    }


def make_ask(model: str | None) -> Ask:
    """Make the task that asks a person."""
    return Ask(
        task_id="ask",
        subject="Evidence is missing: publish this candidate?",
        options=["publish", "reject"],
        defaults=["reject"],
        response_timeout=timedelta(hours=nights(model).answer_hours),
        params={"reason": Param("", type="string", title="Reason (kept for ever)")},
        notifiers=notices("asked", dag_of(model)),
        retries=10,  # an answer at once costs a try, and so does the next one
        retry_policy=None,
        retry_delay=timedelta(seconds=5),
    )


def train_place(model: str | None) -> dict[str, Any]:
    """Return where `uptrain` runs: its queue, and on Kubernetes its pod; other executors ignore the pod."""
    policy = nights(model)
    queue = policy.train_queue or str(conf.get("operators", "default_queue"))
    pod = {"pod_template_file": policy.train_pod} if policy.train_pod else {}
    return {"queue": queue, "executor_config": pod}
