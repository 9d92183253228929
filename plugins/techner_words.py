"""What the tasks of a night say: who acts, how training goes on, and one sentence on how the night ended."""

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context
from techner_links import NightLink, show_links
from techner_metrics import timed
from techner_models import model_of
from techner_notes import ENDED
from techner_notices import SAID
from techner_tasks import opened_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from techner.runs.judgements import Word
    from techner.runs.run import Run
    from techner.uptraining import Step

log = logging.getLogger("techner.nightly")


@contextmanager
def this_run() -> "Iterator[Run]":
    """Open the run of the task at work, link the task to the page of its night, and measure its time."""
    context = get_current_context()
    show_links(NightLink())
    ti = context["ti"]
    with opened_run(context["run_id"], ti.dag_id) as run, timed(ti.task_id, model_of(ti.dag_id)):
        yield run


def end(sentence: str, *, is_plain: bool = False) -> str:
    """Log how the night ended, and keep it for notices; for the run's note too, unless it `is_plain`."""
    from techner.core.redact import shown

    sentence = shown(sentence)
    log.info("%s", sentence)
    ti = get_current_context()["ti"]
    ti.xcom_push(key=SAID, value=sentence)
    if not is_plain:
        ti.xcom_push(key=ENDED, value=sentence)
    return sentence


def acting() -> "Word":
    """Return who acts, for the audit trail: the person who triggered the run, or the schedule."""
    from datetime import UTC, datetime

    from techner.runs.judgements import Word

    dag_run = get_current_context()["dag_run"]
    who = getattr(dag_run, "triggering_user_name", None) or "schedule"
    return Word(who=f"airflow:{who}", when=datetime.now(UTC))


def answered_or_acting(run: "Run") -> "Word":
    """Return what a person said if the gate asked, else who acts."""
    from techner.runs.answers import word_of_person

    return word_of_person(run) or acting()


def log_epochs() -> "Callable[[Step], None]":
    """Return what logs each epoch of a training, with the time that is left."""
    from techner.night.telling import MinutesLeft

    left = MinutesLeft()

    def on_step(step: "Step") -> None:
        minutes = left.after(step, now_s=time.monotonic())
        if step.ends_epoch:
            dev_f1 = "none" if step.dev_f1 is None else f"{step.dev_f1:.3f}"
            rest = "" if minutes is None else f", at most {minutes:.1f} min left"
            log.info("epoch %d/%d, loss %.4f, dev F1 %s%s", step.epoch, step.epochs, step.loss, dev_f1, rest)

    return on_step
