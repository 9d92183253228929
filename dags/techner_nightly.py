"""The nightly DAG of each model: what annotators delivered → a candidate → the gate → production, or not.

The tasks are thin: each opens the store, calls one function of `techner.night`, and passes ids on. Heavy
imports are inside the tasks: parsing this file imports neither spaCy nor Great Expectations.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Metadata, PokeReturnValue, task
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException
from techner_lineage import tell
from techner_links import BatchLink, NightLink, show_links
from techner_metrics import send_inbox, send_production, send_verdict
from techner_models import dag_of, production_of, this_model
from techner_nights import DOC, default_args, make_ask, nights, sound_models, train_place
from techner_notices import late, notices
from techner_options import PARAMS, chosen, policies
from techner_schedule import RUN_TYPES, schedule
from techner_turns import LOOK_EVERY_S, MOST_NIGHTS, WAITS, batches_of, other_nights
from techner_words import acting, answered_or_acting, end, log_epochs, this_run

log = logging.getLogger("techner.nightly")


@task.sensor(mode="reschedule", poke_interval=LOOK_EVERY_S, max_active_tis_per_dag=1)
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
            most=conf.getint("core", "max_map_length", fallback=1024),  # Airflow maps no task over more
            on_states=lambda states: send_inbox(run, states, this_model()),
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
    """Examine one batch: accept, quarantine rows, or reject it; one that changed meanwhile is left out."""
    import techner.night.admit
    from techner.core.errors import BatchGone
    from techner.night.datasets import of_examination

    show_links(BatchLink())
    with this_run() as run:
        try:
            report = techner.night.admit.admit(run, batch["digest"])
        except BatchGone:  # as its log says; `assemble` tells it for the night
            return "left out"
        tell(run.store.url, of_examination(report, batch["name"]))
    return report.action


@task
def assemble() -> dict[str, int]:
    """Build the training corpus; skip the night if nothing can be learnt."""
    import techner.night.assemble
    from techner.night.reject import skip
    from techner.night.telling import left_out_as_gone

    with this_run() as run:
        corpus = techner.night.assemble.assemble(run)
        if corpus is None:
            raise AirflowSkipException(end(f"Skipped: {skip(run, acting())}."))
    if corpus.gone:
        end(left_out_as_gone(corpus.gone))
    return corpus.counts


@task
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
    send_verdict(verdict, this_model())
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


@task(trigger_rule="none_failed_min_one_success")
def publish() -> Iterator[Metadata]:
    """Make the candidate a version, prove it, and move production to it, unless that has moved."""
    import techner.night.publish
    from techner.core.errors import AliasConflict
    from techner.night.datasets import of_promotion

    with this_run() as run:
        word = answered_or_acting(run)
        try:
            version = techner.night.publish.publish(run, word)
        except AliasConflict as conflict:
            raise AirflowSkipException(end(f"Superseded: {conflict}. Its batches stay due.")) from conflict
        send_production(run.store, this_model())
        tell(run.store.url, of_promotion(run, version))
    although = f" by {word.who}, although the gate asked: {word.why}" if word.approved else ""
    end(f"Promoted{although}: production is {version}.", is_plain=not word.approved)
    yield Metadata(production_of(this_model()), extra={"version": version})


@task(trigger_rule="none_failed_min_one_success")
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


def make_nights(model: str | None) -> DAG:
    """Make the DAG of a model's nights."""
    dag_id, policy = dag_of(model), nights(model)
    with DAG(
        dag_id=dag_id,
        schedule=schedule(policy, model),
        allowed_run_types=RUN_TYPES,
        start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow reads it in its own time zone
        catchup=False,
        max_active_runs=MOST_NIGHTS,
        on_failure_callback=notices("failed", dag_id) or None,
        deadline=late(dag_id) or None,
        dagrun_timeout=timedelta(hours=policy.run_hours),
        params=PARAMS,
        tags=["techner", *([model] if model else [])],
        doc_md=DOC,
        default_args=default_args(model),
    ) as made:
        admitted = admit.expand(batch=plan.override(timeout=policy.run_hours * 3600)())
        train_time = timedelta(hours=policy.train_hours)
        trained = uptrain.override(**train_place(model), execution_timeout=train_time)()
        verdict = judge()
        admitted >> assemble() >> trained >> evaluate() >> verdict
        _end(route(verdict), model)  # type: ignore[arg-type]  # Airflow passes the value
    for operator in made.tasks:
        of_batch = [BatchLink()] if operator.task_id == "admit" else []
        operator.operator_extra_links = (NightLink(), *of_batch)
    return made


def _end(routed: Any, model: str | None) -> None:
    """Let the gate, or the person whom it asks, lead to one of the ends of a night."""
    ask, dag_id = make_ask(model), dag_of(model)
    promoted = notices("promoted", dag_id)
    published = publish.override(outlets=[production_of(model)], on_success_callback=promoted)()
    rejected = reject.override(on_success_callback=notices("rejected", dag_id))()
    routed >> [ask, published, rejected, dry_run()]
    ask >> answer() >> [published, rejected]


dags = {model: make_nights(model) for model in sound_models()}

if __name__ == "__main__":  # one run in this process: `python dags/techner_nightly.py '{"dry_run": true}'`
    from techner.settings import load_settings

    load_settings()  # which says what is wrong with it, and that one of several must be chosen
    nightly = dags[os.environ.get("TECHNER_MODEL") or None]
    WAITS.set(False)
    nightly.deadline = None  # only a scheduler keeps deadlines
    finished = nightly.test(run_conf=json.loads(sys.argv[1]) if len(sys.argv) > 1 else None)
    sys.exit(finished.state != "success")  # a bare `test()` exits 0 even when the run failed
