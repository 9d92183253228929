"""The DAG: how it is parsed, how it is wired, and whole runs of it in Airflow."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from techner.core.bounds import OneOf, Range, bounds_of
from techner.core.errors import TechnerError
from techner.core.policy import TrainingPolicy
from techner.local.environment import ROOT, airflow_environment, migrate
from techner.local.night import run_night
from techner.registry.aliases import alias_log, production
from techner.stages.inbox import Status, survey
from techner.stages.judgements import judgements
from tests.world import POLICIES, World, once, tech_batch

DESCRIBE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dag = bag.dags["techner_nightly"]
print(json.dumps({
    "errors": list(bag.import_errors.values()),
    "heavy": sorted({"spacy", "great_expectations", "boto3", "pandas", "thinc"} & set(sys.modules)),
    "schedule": dag.schedule,
    "active": dag.max_active_runs,
    "catchup": dag.catchup,
    "params": {name: dag.params.get_param(name).schema for name in dag.params},
    "retries": {t.task_id: t.retries for t in dag.tasks},
    "backoff": [t.task_id for t in dag.tasks if not t.retry_exponential_backoff],
    "mapped": sorted(t.task_id for t in dag.tasks if t.is_mapped),
    "outlets": {t.task_id: [o.name for o in t.outlets] for t in dag.tasks if t.outlets},
    "downstream": {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks},
}))
"""


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an Airflow home with a migrated database."""
    return once(
        tmp_path_factory, "airflow", lambda home: migrate(airflow_environment(home, store="", cache=home))
    )


@pytest.fixture(scope="module")
def described(airflow_home: Path) -> dict[str, object]:
    environment = airflow_environment(airflow_home, store="", cache=airflow_home)
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, str(ROOT / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def night(airflow_home: Path, world: World, **conf: object) -> list[tuple[str, str]]:
    """Run the DAG once with the small world's policies; returns what its tasks said."""
    said: list[tuple[str, str]] = []
    environment = airflow_environment(airflow_home, store=world.store.url, cache=world.cache) | {
        "TECHNER_CORPUS__REHEARSAL_TEXTS": "50",
        "TECHNER_TRAINING__BATCH_WORDS": "200",
        "TECHNER_GATE__MICRO_MARGIN": "1",
        "TECHNER_GATE__MACRO_MARGIN": "1",
        "TECHNER_GATE__LABEL_MARGIN": "1",
        "TECHNER_GATE__LABEL_DROP": "1",
        "TECHNER_GATE__FLIP_CAP": "1",
        "TECHNER_GATE__SURVIVAL_FLOOR": "0",
        "TECHNER_GATE__SPEED_FLOOR": "0",
        "TECHNER_GATE__NEW_FLOOR": "0",
        "TECHNER_GATE__NEW_MARGIN": "1",
        "TECHNER_GATE__MIN_SUPPORT": "1",
    }
    run_night(environment, conf, log=world.cache / "night.log", on_task=lambda *what: said.append(what))
    return said


def test_parsing_works_and_imports_nothing_heavy(described: dict[str, object]) -> None:
    assert described["errors"] == []
    assert described["heavy"] == []


def test_it_runs_nightly_one_at_a_time_without_catching_up(described: dict[str, object]) -> None:
    assert (described["schedule"], described["active"], described["catchup"]) == ("0 2 * * *", 1, False)


def test_every_task_is_retried_with_back_off(described: dict[str, object]) -> None:
    retries = described["retries"]
    assert isinstance(retries, dict)
    assert set(retries.values()) == {2}
    assert described["backoff"] == []


def test_a_person_can_choose_batches_strategy_seed_epochs_and_dry_run(described: dict[str, object]) -> None:
    assert isinstance(described["params"], dict)
    assert sorted(described["params"]) == ["batches", "dry_run", "epochs", "seed", "strategy"]


def test_its_form_offers_what_the_settings_allow(described: dict[str, object]) -> None:
    params, bounds = described["params"], bounds_of(TrainingPolicy)
    assert isinstance(params, dict)
    for name in ("seed", "epochs"):
        assert bounds[name] == Range(params[name]["minimum"], params[name]["maximum"])
    assert bounds["strategy"] == OneOf(tuple(params["strategy"]["enum"][1:]))


def test_only_publish_updates_the_asset_and_only_the_gate_leads_there(described: dict[str, object]) -> None:
    assert described["outlets"] == {"publish": ["techner_production"]}
    downstream = described["downstream"]
    assert isinstance(downstream, dict)
    assert {task for task, after in downstream.items() if "publish" in after} == {"route", "answer"}
    assert described["mapped"] == ["admit"]


@pytest.mark.xdist_group("airflow")
def test_a_run_promotes_what_was_delivered(airflow_home: Path, world: World) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 60))
    world.deliver("tuesday.jsonl", tech_batch(60, 120))
    said = night(airflow_home, world, epochs=2, seed=3)
    _, manifest = production(world.store)
    assert [batch.name for batch in manifest.lineage.batches] == ["monday.jsonl", "tuesday.jsonl"]
    assert manifest.lineage.seed == 3
    assert [task for task, what in said if what == "done"].count("admit") == 2
    assert ("uptrain", "epoch 2/2") in {(task, what.partition(",")[0]) for task, what in said}
    newest = alias_log(world.store).newest()
    assert newest is not None
    assert newest[1].who.startswith("airflow:")


@pytest.mark.xdist_group("airflow")
def test_a_run_with_nothing_pending_is_green_and_changes_nothing(airflow_home: Path, world: World) -> None:
    before = [entry.key for entry in world.store.list()]
    said = night(airflow_home, world)
    assert {task for task, _ in said} == {"plan"}
    assert [entry.key for entry in world.store.list()] == before


@pytest.mark.xdist_group("airflow")
def test_a_dry_run_of_named_batches_judges_and_publishes_nothing(airflow_home: Path, world: World) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 60))
    world.deliver("tuesday.jsonl", tech_batch(60, 120))
    night(airflow_home, world, epochs=1, dry_run=True, batches=["monday.jsonl"])
    assert production(world.store)[1].number == 0
    newest = judgements(world.store).newest()
    assert newest is not None
    assert newest[1].outcome == "dry run"
    assert [batch.name for batch in newest[1].batches] == ["monday.jsonl"]
    states = {state.ref.name: state.status for state in survey(world.store, POLICIES, cache=world.cache)}
    assert states["tuesday.jsonl"] is Status.PENDING


@pytest.mark.xdist_group("airflow")
def test_a_run_that_fails_says_so_with_the_end_of_its_log(airflow_home: Path, world: World) -> None:
    with pytest.raises(TechnerError, match="not in the inbox"):
        night(airflow_home, world, batches=["nowhere.jsonl"])


def test_the_celery_executor_can_be_imported() -> None:
    """Celery 5.7 broke it though `pip check` was clean: docker-compose.yaml needs it."""
    module = import_module("airflow.providers.celery.executors.celery_executor")
    assert module.CeleryExecutor.__mro__
