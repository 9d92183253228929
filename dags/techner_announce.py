"""Tells Airflow of every move of production: consumers of `techner_production` run after a rollback too.

A night tells of its own promotion. The command line and the pages move production without a task; a trigger
notices that (`plugins/techner_moves.py`), and this DAG updates the asset, unless its last event says the
same (ADR 37).
"""

import logging
from collections.abc import Iterator

from airflow.sdk import Asset, AssetWatcher, Metadata, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from techner_metrics import send_production
from techner_moves import PRODUCTION, ProductionMoved
from techner_nights import default_args
from techner_tasks import retried_if_it_can_help

log = logging.getLogger("techner.nightly")

MOVED = Asset(
    name="techner_production_moved",
    uri="techner://production/moved",
    watchers=[AssetWatcher(name="techner_production", trigger=ProductionMoved())],
)


@task(inlets=[PRODUCTION], outlets=[PRODUCTION])
def announce() -> Iterator[Metadata]:
    """Update the asset if its last event names another version than production."""
    from techner.registry import Registry
    from techner.settings import load_settings

    with retried_if_it_can_help():
        store = load_settings().open_store()
        newest = Registry(store).log().newest()
        send_production(store)
    told = get_current_context()["inlet_events"][PRODUCTION].ascending(False).limit(1)
    last = (told[0].extra or {}).get("version") if len(told) else None
    if newest is None or newest.record.version == last:
        raise AirflowSkipException(f"consumers know that production is {last or 'nothing yet'}")
    move = newest.record
    log.info("production is %s since %s (%s: %s)", move.version, move.when, move.who, move.why)
    yield Metadata(PRODUCTION, extra={"version": move.version, "generation": move.number})


@dag(
    dag_id="techner_announce",
    schedule=[MOVED],
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,  # it only tells, and a rollback that nobody hears of is a fault
    tags=["techner"],
    doc_md=__doc__,
    default_args=default_args(),
)
def techner_announce() -> None:
    announce()


announcing = techner_announce()
