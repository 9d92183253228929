"""The DAGs beside the nights, in a real database: moves that no night made are told, and space is freed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from techner.store import FolderStore
from tests.web.conftest import save_version
from tools.local.environment import ROOT, airflow_environment

# One process for all: Airflow takes 15 s of CPU before its first task.
PROGRAM = """
import json, runpy, sys
from datetime import UTC, datetime
from airflow.assets.manager import asset_manager
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from sqlalchemy import select
from techner.registry import Registry
from techner.store import open_store

folder, url, first, second = sys.argv[1:]
DagBundlesManager().sync_bundles_to_db()
bag = DagBag(folder)
sync_bag_to_db(bag, "dags-folder", None)

def asset(session, name="techner_production"):
    return session.scalar(select(AssetModel).where(AssetModel.name == name))

def events():
    with create_session() as session:
        found = session.scalars(select(AssetEvent).where(AssetEvent.asset_id == asset(session).id))
        return [event.extra["version"] for event in sorted(found, key=lambda event: event.id)]

with create_session() as session:
    described = {
        "watchers": [t.classpath for t in asset(session, "techner_production_moved").triggers],
        "paused": session.get(DagModel, "techner_announce").is_paused,
        "assets": session.query(AssetModel).filter_by(name="techner_production").count(),
    }
print("described", json.dumps(described))

from airflow.sdk.observability import stats
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
sent = []
class Recorder(NoStatsLogger):
    @classmethod
    def gauge(cls, stat, *rest, **more):
        sent.append(stat)
stats.initialize(factory=Recorder, export_legacy_names=False)

def move(version, before):
    registry = Registry(open_store(url))
    registry.move(version, expected=before, who="cli:ada", why="ghosts", when=datetime.now(UTC))

def publish():
    "Move production and tell of it, as the task of a night does."
    move(second, first)
    with create_session() as session:
        asset_manager.register_asset_change(asset=asset(session), extra={"version": second}, session=session)

before = len(events())  # nights of other tests have told of theirs
steps = (
    ("no model", lambda: None),
    ("init", lambda: move(first, None)),
    ("again", lambda: None),
    ("night", publish),
    ("rollback", lambda: move(first, second)),
)
for name, act in steps:
    act()
    sent.clear()
    run = bag.dags["techner_announce"].test()
    print("told", json.dumps([name, str(run.state), events()[before:]]))
    print("sent", json.dumps([name, "techner.production.moved_at" in sent]))

# The other small DAG, in the same process.
store = open_store(url)
with create_session() as session:
    print("collect", json.dumps(["paused", session.get(DagModel, "techner_collect").is_paused]))

def collect(name, **conf):
    run = bag.dags["techner_collect"].test(run_conf=conf)
    left = [entry.key for place in ("probe/", "gc/", "blobs/") for entry in store.list(place)]
    print("collect", json.dumps([name, [str(run.state), "probe/left" in left, "gc/condemned.json" in left]]))

store.create("probe/left", b"")
collect("weekly")
store.create("probe/left", b"")
record = {"who": "killed", "when": "2026-01-01", "versions": [], "runs": [], "blobs": [], "signature": None}
store.create("gc/condemned.json", json.dumps(record).encode())
collect("after a killed one")
collect("resumed", resume=True, keep_days=0)

from techner.core.errors import StoreError
from techner.night import persist
from techner.store import FolderStore
persist._FIRST_S = 0.01
delete, failed = FolderStore.delete, []

def once_down(self, key):
    if key == "probe/left" and not failed:
        failed.append(key)
        raise StoreError("down for a moment")
    delete(self, key)

FolderStore.delete = once_down
store.create("probe/left", b"")
collect("store down", resume=False)  # in one process, the last run's parameters stay the DAG's
assert failed
"""
pytestmark = pytest.mark.xdist_group("airflow")


@pytest.fixture(scope="module")
def said(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what the database holds after each step, and what the DAG is there."""
    store = FolderStore(tmp_path_factory.mktemp("store"))
    first = save_version(store, number=0, parent=None, origin=None)
    second = save_version(store, number=1, parent=first, origin=first)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "dags"), store.url, first, second],
        env=airflow_environment(airflow_home, store=store.url, cache=airflow_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    names = {first: "first", second: "second"}
    found: dict[str, object] = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "described":
            found["described"] = json.loads(rest)
        elif word == "sent":
            step, was_sent = json.loads(rest)
            found[f"age after {step}"] = was_sent
        elif word == "collect":
            name, state = json.loads(rest)
            found[f"collect {name}"] = state
        elif word == "told":
            step, state, versions = json.loads(rest)
            assert state == "success", done.stdout[-3000:]
            found[step] = [names[version] for version in versions]
    return found


def test_it_runs_when_its_watcher_fires_and_updates_the_asset_of_the_nights(said: dict[str, object]) -> None:
    assert said["described"] == {
        "watchers": ["techner_moves.ProductionMoved"],
        "paused": False,
        "assets": 1,
    }


def test_consumers_hear_of_a_move_without_a_night_once(said: dict[str, object]) -> None:
    assert said["no model"] == []
    assert said["init"] == ["first"]
    assert said["again"] == ["first"]


def test_what_a_night_told_itself_is_not_told_again(said: dict[str, object]) -> None:
    assert said["night"] == ["first", "second"]


def test_consumers_hear_of_a_rollback_on_the_command_line(said: dict[str, object]) -> None:
    assert said["rollback"] == ["first", "second", "first"]


def test_the_age_of_production_is_told_with_each_move(said: dict[str, object]) -> None:
    steps = ("no model", "init", "night", "rollback")
    assert [said[f"age after {step}"] for step in steps] == [False, True, True, True]


def test_a_collection_waits_for_a_person_to_begin_and_then_removes_what_nothing_needs(
    said: dict[str, object],
) -> None:
    assert said["collect paused"] is True
    assert said["collect weekly"] == ["success", False, False]


def test_a_collection_is_not_begun_beside_another_one_until_a_person_says_that_it_is_dead(
    said: dict[str, object],
) -> None:
    assert said["collect after a killed one"] == ["failed", True, True]
    assert said["collect resumed"] == ["success", False, False]


def test_a_collection_goes_on_after_a_moment_without_the_store(said: dict[str, object]) -> None:
    assert said["collect store down"] == ["success", False, False]
