"""Tells Airflow of every move of a model's production: consumers of its asset run after a rollback too.

A night tells of its own promotion. The command line and the pages move production without a task; a trigger
notices that (`plugins/techner_moves.py`), and this DAG updates the asset, unless its last event says the
same (ADR 37).
"""

import logging
from collections.abc import Iterator

from airflow.sdk import DAG, AssetWatcher, Metadata, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from techner_lineage import tell
from techner_metrics import send_production
from techner_models import asset_of, dag_of, production_of, this_model
from techner_moves import ProductionMoved
from techner_nights import default_args, sound_models
from techner_tasks import retried_if_it_can_help

log = logging.getLogger("techner.nightly")


@task
def announce() -> Iterator[Metadata]:
    """Update the asset if its last event names another version than production."""
    from techner.night.datasets import of_move
    from techner.registry import Registry
    from techner.settings import load_settings

    with retried_if_it_can_help():
        model = this_model()
        store = load_settings(model).open_store()
        newest = Registry(store).log().newest()
        send_production(store, model)
    production = production_of(model)
    told = get_current_context()["inlet_events"][production].ascending(False).limit(1)
    last = (told[0].extra or {}).get("version") if len(told) else None
    if newest is None or newest.record.version == last:
        raise AirflowSkipException(f"consumers know that production is {last or 'nothing yet'}")
    move = newest.record
    log.info("production is %s since %s (%s: %s)", move.version, move.when, move.who, move.why)
    tell(store.url, of_move(move.version))
    yield Metadata(production, extra={"version": move.version, "generation": move.number})


def make_announcing(model: str | None) -> DAG:
    """Make the DAG that tells of a model's moves."""
    watcher = AssetWatcher(name="techner_production", trigger=ProductionMoved(model=model))
    production = production_of(model)
    with DAG(
        dag_id=dag_of(model, "announce"),
        schedule=[asset_of(model, "production/moved", watcher)],
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,  # it only tells, and a rollback that nobody hears of is a fault
        tags=["techner", *([model] if model else [])],
        doc_md=__doc__,
        default_args=default_args(model),
    ) as made:
        announce.override(inlets=[production], outlets=[production])()
    return made


dags = {model: make_announcing(model) for model in sound_models()}
