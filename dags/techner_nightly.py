"""The nightly DAG: what annotators delivered → a candidate → the gate → production, or not.

The tasks are thin: each opens the store, calls one function of `techner.night`, and passes ids on. Heavy
imports are inside the tasks: parsing this file imports neither spaCy nor Great Expectations.
"""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

from airflow.sdk import Metadata, PokeReturnValue, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from techner_links import BatchLink, NightLink, show_links
from techner_metrics import send_inbox, send_production, send_verdict
from techner_moves import PRODUCTION
from techner_nights import DOC, default_args, make_ask, nights, train_queue
from techner_notices import late, notices
from techner_options import PARAMS, chosen, policies
from techner_schedule import RUN_TYPES, schedule
from techner_turns import LOOK_EVERY_S, MOST_NIGHTS, WAITS, batches_of, other_nights
from techner_words import acting, answered_or_acting, end, log_epochs, this_run

log = logging.getLogger("techner.nightly")

DAG_ID = "techner_nightly"


@task.sensor(
    mode="reschedule",
    poke_interval=LOOK_EVERY_S,
    timeout=nights().run_hours * 3600,
    max_active_tis_per_dag=1,
)
def plan() -> PokeReturnValue | bool:
    """Wait while another night works, then find what is due; skip the night if that is nothing."""
    import techner.night.plan
    from techner.night.telling import left_out

    options = chosen()  # before the wait: who chose something wrong hears of it now
    asking: list[str] = []
    others = other_nights()
    if others.working:
        log.info("waiting for the night that is at work: %s", ", ".join(others.working))
        return False
    with this_run() as run:
        made = techner.night.plan.plan(
            run,
            policies(options),
            batches=options.batches,
            dry_run=options.dry_run,
            in_question=batches_of(run.store, others.asking),
            on_states=lambda states: send_inbox(run, states),
            on_left_out=asking.extend,
        )
    if asking:
        end(left_out(asking))
    if made is None:
        raise AirflowSkipException("nothing is due")
    pairs = [{"name": batch.name, "digest": batch.digest} for batch in made.batches]
    return PokeReturnValue(is_done=True, xcom_value=pairs)


@task(map_index_template="{{ task.op_kwargs['batch']['name'] }}")
def admit(batch: dict[str, str]) -> str:
    """Examine one batch: accept, quarantine rows, or reject it."""
    import techner.night.admit

    show_links(BatchLink())
    with this_run() as run:
        return techner.night.admit.admit(run, batch["digest"]).action


@task
def assemble() -> dict[str, int]:
    """Build the training corpus; skip the night if nothing can be learnt."""
    import techner.night.assemble
    from techner.night.reject import NOTHING_TO_LEARN, skip

    with this_run() as run:
        corpus = techner.night.assemble.assemble(run)
        if corpus is None:
            skip(run, acting())
    if corpus is None:
        raise AirflowSkipException(end(f"Skipped: {NOTHING_TO_LEARN}."))
    return corpus.counts


@task(queue=train_queue(), execution_timeout=timedelta(hours=nights().train_hours))
def uptrain() -> list[str]:
    """Train the candidate."""
    import techner.night.uptrain

    with this_run() as run:
        return list(techner.night.uptrain.uptrain(run, on_step=log_epochs()).new_labels)


@task
def evaluate() -> None:
    """Score candidate, production and origin on the frozen sets."""
    import techner.night.evaluate

    with this_run() as run:
        techner.night.evaluate.evaluate(run)


@task
def judge() -> str:
    """Apply the gate, and keep the page that explains its verdict."""
    import techner.night.judge

    with this_run() as run:
        verdict = techner.night.judge.judge(run).verdict
    send_verdict(verdict)
    return str(verdict.outcome)


@task.branch
def route(outcome: str) -> str:
    """Lead the night to its end: publish, reject, ask a person, or nothing if it is a dry run."""
    from techner.core.verdict import Outcome
    from techner.night.order import end_of

    is_dry_run = chosen().dry_run
    last = str(end_of(Outcome(outcome), dry_run=is_dry_run))
    log.info("the verdict is %s%s, so %s follows", outcome, " of a dry run" if is_dry_run else "", last)
    return last


@task.branch
def answer() -> str | None:
    """Lead on as the person said who was asked."""
    from techner.core.records import RunEnd
    from techner.runs.answers import answered

    with this_run() as run:
        said = answered(run)
    if said and said.word is RunEnd.ABANDON:
        end(f"Abandoned by {said.who}: {said.why}")
        return None
    last = "publish" if said and said.word is RunEnd.PUBLISH else "reject"
    log.info("%s said so: %s follows", said.who if said else "nobody", last)
    return last


@task(
    outlets=[PRODUCTION],
    trigger_rule="none_failed_min_one_success",
    on_success_callback=notices("promoted", DAG_ID),
)
def publish() -> Iterator[Metadata]:
    """Make the candidate a version, prove it, and move production to it, unless that has moved."""
    import techner.night.publish
    from techner.core.errors import AliasConflict

    with this_run() as run:
        word = answered_or_acting(run)
        try:
            version = techner.night.publish.publish(run, word)
        except AliasConflict as conflict:
            raise AirflowSkipException(end(f"Superseded: {conflict}. Its batches stay due.")) from conflict
        send_production(run.store)
    although = f" by {word.who}, although the gate asked: {word.why}" if word.approved else ""
    end(f"Promoted{although}: production is {version}.", is_plain=not word.approved)
    yield Metadata(PRODUCTION, extra={"version": version})


@task(trigger_rule="none_failed_min_one_success", on_success_callback=notices("rejected", DAG_ID))
def reject() -> str:
    """Keep the verdict, and hold the batches until a person releases them."""
    import techner.night.reject
    from techner.night.telling import rejected

    with this_run() as run:
        word = answered_or_acting(run)
        return end(rejected(run, techner.night.reject.reject(run, word), word))


@task
def dry_run() -> str:
    """Keep the verdict; nothing else changes."""
    import techner.night.reject

    with this_run() as run:
        return end(f"Dry run, nothing changed: {techner.night.reject.dry_run(run, acting()).verdict.reason}.")


@dag(
    dag_id=DAG_ID,
    schedule=schedule(nights()),
    allowed_run_types=RUN_TYPES,
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow reads it in its own time zone
    catchup=False,
    max_active_runs=MOST_NIGHTS,
    on_failure_callback=notices("failed", DAG_ID) or None,
    deadline=late(DAG_ID) or None,
    dagrun_timeout=timedelta(hours=nights().run_hours),
    params=PARAMS,
    tags=["techner"],
    doc_md=DOC,
    default_args=default_args(),
)
def techner_nightly() -> None:
    ask = make_ask(DAG_ID)
    admitted = admit.expand(batch=plan())
    corpus, trained, evaluated = assemble(), uptrain(), evaluate()
    verdict = judge()
    admitted >> corpus >> trained >> evaluated >> verdict
    routed = route(verdict)  # type: ignore[arg-type]  # Airflow passes the value
    published, rejected = publish(), reject()
    routed >> [ask, published, rejected, dry_run()]
    ask >> answer() >> [published, rejected]


nightly = techner_nightly()
for operator in nightly.tasks:
    operator.operator_extra_links = (NightLink(), *([BatchLink()] if operator.task_id == "admit" else []))

if __name__ == "__main__":  # one run in this process: `python dags/techner_nightly.py '{"dry_run": true}'`
    WAITS.set(False)
    nightly.deadline = None  # only a scheduler keeps deadlines
    finished = nightly.test(run_conf=json.loads(sys.argv[1]) if len(sys.argv) > 1 else None)
    sys.exit(finished.state != "success")  # a bare `test()` exits 0 even when the run failed
