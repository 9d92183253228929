"""What Airflow's OpenLineage provider sends of a night, with the real provider."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from techner.registry import Registry
from techner.store import FolderStore
from tests.dags.test_nightly import LOOSE
from tests.world import World, tech_batch
from tools.local.environment import airflow_environment
from tools.local.night import run_night

pytestmark = [pytest.mark.openlineage, pytest.mark.xdist_group("airflow")]
Named = dict[str, str]


@pytest.fixture(scope="module")
def world(origin_store: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a store with an origin and a delivery."""
    root = tmp_path_factory.mktemp("lineage")
    shutil.copytree(origin_store, root / "store")
    made = World(FolderStore(root / "store"), root / "cache")
    made.deliver("monday 1.jsonl", tech_batch(0, 60))
    return made


@pytest.fixture(scope="module")
def events(airflow_home: Path, world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Run a night that is promoted; returns what the provider wrote to a file."""
    sent = tmp_path_factory.mktemp("sent") / "events"
    transport = {"type": "file", "log_file_path": str(sent), "append": True}
    environment = airflow_environment(airflow_home, store=world.store.url, cache=world.cache) | LOOSE
    environment["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(transport)
    run_night(environment, {"epochs": "1"}, log=world.cache / "night.log")
    return [json.loads(line) for line in sent.read_text().splitlines()]


def told(events: list[Any], task: str) -> Iterator[tuple[Named, Named]]:
    """Yield inputs and outputs of each event of a task that has some: names with the versions."""

    def known(datasets: list[Any]) -> Named:
        assert {one["namespace"] for one in datasets} <= {"file"}
        return {one["name"]: one["facets"]["version"]["datasetVersion"] for one in datasets}

    for event in events:
        if event["job"]["name"] == f"techner_nightly.{task}" and (event["inputs"] or event["outputs"]):
            yield known(event["inputs"]), known(event["outputs"])


def test_an_examination_reads_a_delivery_and_a_promotion_what_was_found_in_it(
    events: list[Any], world: World
) -> None:
    root = world.store.root  # type: ignore[attr-defined] # a folder
    ((delivered, examined),) = told(events, "admit")
    ((read, written),) = told(events, "publish")
    version, manifest = Registry(world.store).production()
    (batch,) = manifest.lineage.batches
    assert delivered == {f"{root}/inbox/monday 1.jsonl": batch.digest}
    assert read == examined | {f"{root}/aliases/production": manifest.parent}
    assert written == {f"{root}/aliases/production": version}


def test_the_datasets_are_of_the_run_that_the_provider_tells_of(events: list[Any]) -> None:
    """A backend puts the events of one run together."""
    of_publish = [event for event in events if event["job"]["name"] == "techner_nightly.publish"]
    assert {event["eventType"] for event in of_publish} >= {"START", "RUNNING", "COMPLETE"}
    assert len({event["run"]["runId"] for event in of_publish}) == 1
