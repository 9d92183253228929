"""The nightly DAG: what annotators delivered → a candidate → the gate → production, or not.

The tasks are thin: each opens the store, calls one function of `techner.night`, and passes ids on. Heavy
imports are inside the tasks: parsing this file imports neither spaCy nor Great Expectations.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import Asset, Metadata, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from techner_tasks import RETRIES, Ask, StorePatience, opened_run

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from techner.core.policy import Policies
    from techner.core.run_options import RunOptions
    from techner.runs.judgements import Word
    from techner.runs.run import Run
    from techner.uptraining import Step

log = logging.getLogger("techner.nightly")

PRODUCTION = Asset(name="techner_production", uri="techner://production")
"""Updated by every promotion; other DAGs can be scheduled on it. Its extra names the version."""

_ANYTHING = ["string", "number", "boolean", "array", "object", "null"]
# Airflow would clamp a number out of range to one that nobody chose, and refuse others in words of its own.
# So its form and its API let everything through, and `plan` refuses it (ADR 36): a type with several kinds
# and `examples` is a plain field.
PARAMS = {
    "batches": Param(
        default=[],
        type=["array", "null"],  # the form sends null for a field that was emptied
        items={"type": "string"},
        title="Only these batches",
        description="Names in the inbox, one per line; held batches are allowed. Empty: all that are due.",
    ),
    "strategy": Param(
        default=None,
        type=_ANYTHING,
        examples=["extend", "blend"],
        title="Strategy",
        description="extend or blend. Empty: as in the settings.",
    ),
    "seed": Param(
        default=None,
        type=_ANYTHING,
        examples=[0, 1],
        title="Seed",
        description="A whole number from 0 on. Empty: as in the settings.",
    ),
    "epochs": Param(
        default=None,
        type=_ANYTHING,
        examples=[4, 40],
        title="Epochs",
        description="A whole number from 1 to 1000. Empty: as in the settings.",
    ),
    "dry_run": Param(
        default=False,
        type=sorted(_ANYTHING, key="boolean".__ne__),
        examples=[True, False],
        title="Dry run",
        description="Judge, but change nothing.",
    ),
}


def _stage() -> "AbstractContextManager[Run]":
    return opened_run(get_current_context()["run_id"])


def _options() -> "RunOptions":
    """Return what was chosen for this run, in whatever way it was triggered; raises OptionsError."""
    from techner.core.run_options import read_options

    context = get_current_context()
    # Airflow can be told not to let `conf` override parameters; what a person chose is not dropped for that.
    return read_options({**context["params"], **(context["dag_run"].conf or {})})


def _policies(options: "RunOptions") -> "Policies":
    from techner.settings import load_settings

    return options.applied_to(load_settings().policies)


def _word() -> "Word":
    """Return who acts, for the audit trail: the person who triggered the run, or the schedule."""
    from datetime import UTC

    from techner.runs.judgements import Word

    dag_run = get_current_context()["dag_run"]
    who = getattr(dag_run, "triggering_user_name", None) or "schedule"
    return Word(who=f"airflow:{who}", when=datetime.now(UTC))


def _log_epochs() -> "Callable[[Step], None]":
    def on_step(step: "Step") -> None:
        if step.ends_epoch:
            dev_f1 = "none" if step.dev_f1 is None else f"{step.dev_f1:.3f}"
            log.info("epoch %d/%d, loss %.4f, dev F1 %s", step.epoch, step.epochs, step.loss, dev_f1)

    return on_step


def _answer(run: "Run") -> "Word":
    """Return what a person said if the gate asked, else who acts."""
    from techner.core.records import RunEnd
    from techner.runs.answers import answered
    from techner.runs.judgements import Word

    said = answered(run)
    if said is None:
        return _word()
    return Word(who=said.who, when=said.when, why=said.why, approved=said.word is RunEnd.PUBLISH)


@task
def plan() -> list[str]:
    """Find the batches that are due; skip the night if there are none."""
    import techner.night.plan

    with _stage() as run:
        options = _options()
        made = techner.night.plan.plan(
            run, _policies(options), batches=options.batches, dry_run=options.dry_run
        )
    if made is None:
        raise AirflowSkipException("nothing is pending")
    return [batch.digest for batch in made.batches]


@task(map_index_template="{{ batch_name }}")
def admit(digest: str) -> str:
    """Examine one batch: accept, quarantine rows, or reject it."""
    import techner.night.admit

    with _stage() as run:
        report = techner.night.admit.admit(run, digest)
    get_current_context()["batch_name"] = report.batch.name  # type: ignore[typeddict-unknown-key]
    log.info("%s: scope %s (%s)", digest[:12], ", ".join(report.scope) or "none", report.scope_from)
    log.info("%s: %s, %d of %d rows accepted", digest[:12], report.action, report.accepted, report.read)
    return report.action


@task
def assemble() -> dict[str, int]:
    """Build the training corpus; skip the night if nothing can be learnt."""
    import techner.night.assemble
    from techner.night.reject import NOTHING_TO_LEARN, skip

    with _stage() as run:
        corpus = techner.night.assemble.assemble(run)
        if corpus is None:
            skip(run, _word())
    if corpus is None:
        raise AirflowSkipException(NOTHING_TO_LEARN)
    return corpus.counts


@task
def uptrain() -> list[str]:
    import techner.night.uptrain

    with _stage() as run:
        return list(techner.night.uptrain.uptrain(run, on_step=_log_epochs()).new_labels)


@task
def evaluate() -> None:
    import techner.night.evaluate

    with _stage() as run:
        techner.night.evaluate.evaluate(run)


@task
def judge() -> str:
    import techner.night.judge

    with _stage() as run:
        verdict = techner.night.judge.judge(run).verdict
    log.info("%s: %s", verdict.outcome, verdict.reason)
    return str(verdict.outcome)


@task.branch
def route(outcome: str) -> str:
    from techner.core.verdict import Outcome
    from techner.night.order import end_of

    return str(end_of(Outcome(outcome), dry_run=_options().dry_run))


@task.branch
def answer() -> str | None:
    from techner.core.records import RunEnd
    from techner.runs.answers import answered

    with _stage() as run:
        said = answered(run)
    if said and said.word is RunEnd.ABANDON:
        log.info("%s abandoned the run: %s", said.who, said.why)
        return None
    return "publish" if said and said.word is RunEnd.PUBLISH else "reject"


@task(outlets=[PRODUCTION], trigger_rule="none_failed_min_one_success")
def publish() -> Iterator[Metadata]:
    import techner.night.publish

    with _stage() as run:
        version = techner.night.publish.publish(run, _answer(run))
    log.info("production is %s", version)
    yield Metadata(PRODUCTION, extra={"version": version})


@task(trigger_rule="none_failed_min_one_success")
def reject() -> str:
    import techner.night.reject

    with _stage() as run:
        return techner.night.reject.reject(run, _answer(run)).verdict.reason


@task
def dry_run() -> str:
    import techner.night.reject

    with _stage() as run:
        return techner.night.reject.dry_run(run, _word()).verdict.reason


@dag(
    dag_id="techner_nightly",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow reads it in its own time zone
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    tags=["techner"],
    doc_md=__doc__,
    default_args={
        "retries": RETRIES,
        "retry_policy": StorePatience(),
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
)
def techner_nightly() -> None:
    ask = Ask(
        task_id="ask",
        subject="Evidence is missing: publish this candidate?",
        options=["publish", "reject"],
        defaults=["reject"],
        response_timeout=timedelta(hours=12),
        params={"reason": Param("", type="string", title="Reason (kept for ever)")},
        retries=10,  # an answer at once costs a try, and so does the next one
        retry_policy=None,
        retry_delay=timedelta(seconds=5),
    )

    admitted = admit.expand(digest=plan())
    corpus = assemble()
    verdict = judge()
    admitted >> corpus >> uptrain() >> evaluate() >> verdict
    routed = route(verdict)  # type: ignore[arg-type]  # Airflow passes the value
    published, rejected = publish(), reject()
    routed >> [ask, published, rejected, dry_run()]
    ask >> answer() >> [published, rejected]


nightly = techner_nightly()

if __name__ == "__main__":  # one run in this process: `python dags/techner_nightly.py '{"dry_run": true}'`
    finished = nightly.test(run_conf=json.loads(sys.argv[1]) if len(sys.argv) > 1 else None)
    sys.exit(finished.state != "success")  # a bare `test()` exits 0 even when the run failed
