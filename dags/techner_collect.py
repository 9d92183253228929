"""Frees space in the store: removes what `techner model gc` finds superfluous (ADR 15).

It runs each Sunday at noon, or when the section `collection` of the settings says. It is paused until
somebody unpauses it, and its worker needs the right to delete (`deploy/policies`, `collector.json`). Nights,
promotions and rollbacks may go on meanwhile. A run that was killed leaves a record that keeps the next one
from beginning: make sure that it is dead, and trigger the DAG with *resume*.
"""

import logging

from airflow.sdk import DAG, Param, get_current_context, task
from techner_models import dag_of, this_model
from techner_nights import collection_clock, default_args, sound_models
from techner_tasks import retried_if_it_can_help

log = logging.getLogger("techner.nightly")


@task
def collect() -> dict[str, int]:
    """Remove it; an error of the store is tried again here: no other process knows that this try ended."""
    from datetime import UTC, datetime

    from techner.night.persist import until_stored
    from techner.operate import collect as collecting
    from techner.runs.judgements import Word
    from techner.runs.reservation import condemned
    from techner.settings import load_settings

    context = get_current_context()
    params, ti = context["params"], context["ti"]
    word = Word(who=f"airflow:{context['run_id']} try {ti.try_number}", when=datetime.now(UTC))
    keep_days = collecting.KEEP_DAYS if params["keep_days"] is None else params["keep_days"]

    def go_on() -> collecting.Collection:
        is_ours = not params["resume"] and (record := condemned(store)) and record.who == word.who
        resume = bool(params["resume"] or is_ours)
        return collecting.collect(store, word, keep_days=keep_days, resume=resume)

    with retried_if_it_can_help():
        store = load_settings(this_model()).open_store()
        found = until_stored(go_on)
    for name in found.versions:
        log.info("removed version %s", name)
    log.info("removed %d files, %.1f MB", len(found.blobs), found.size_bytes / 1e6)
    if found.undecided:
        log.info("undecided runs, which keep what they use: %s", ", ".join(found.undecided))
    return {"versions": len(found.versions), "files": len(found.blobs), "size_bytes": found.size_bytes}


PARAMS = {
    "keep_days": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=36_500,
        title="Keep what an alias has named within so many days; empty: 90",
    ),
    "resume": Param(False, type="boolean", title="Go on with a collection that was interrupted"),
}


def make_collecting(model: str | None) -> DAG:
    """Make the DAG that frees space in a model's store."""
    with DAG(
        dag_id=dag_of(model, "collect"),
        schedule=collection_clock(model),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=True,  # to remove something is for a person to begin
        tags=["techner", *([model] if model else [])],
        doc_md=__doc__,
        default_args=default_args(model),
        params=PARAMS,
    ) as made:
        collect()
    return made


dags = {model: make_collecting(model) for model in sound_models()}
