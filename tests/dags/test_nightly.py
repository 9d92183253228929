"""The DAG: how it is parsed, how it is wired, and whole runs of it in Airflow."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from techner.core.errors import OptionsError, TechnerError
from techner.core.run_options import limits_of, read_options, strategies
from techner.inbox.survey import Status, survey
from techner.night.order import TASKS, LastTask
from techner.registry import Registry
from techner.runs.judgements import judgements
from techner.store import FolderStore
from tests.world import OPEN_GATE, POLICIES, World, tech_batch
from tools.local.environment import ROOT, airflow_environment, migrate
from tools.local.night import run_night

# One process for all that needs no process of its own: Airflow takes 15 s of CPU before its first task.
PROGRAM = """
import json, os, runpy, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.path.dirname(sys.argv[1]))
dag = bag.dags["techner_nightly"]
described = {
    "errors": list(bag.import_errors.values()),
    "heavy": sorted({"spacy", "great_expectations", "boto3", "pandas", "thinc"} & set(sys.modules)),
    "schedule": dag.schedule,
    "active": dag.max_active_runs,
    "catchup": dag.catchup,
    "params": {name: dag.params.get_param(name).schema for name in dag.params},
    "hints": {name: dag.params.get_param(name).description for name in dag.params},
    "retries": {t.task_id: t.retries for t in dag.tasks},
    "backoff": [t.task_id for t in dag.tasks if not t.retry_exponential_backoff],
    "mapped": sorted(t.task_id for t in dag.tasks if t.is_mapped),
    "outlets": {t.task_id: [o.name for o in t.outlets] for t in dag.tasks if t.outlets},
    "downstream": {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks},
}
from techner.core.errors import CacheError, StoreError
def last_try(task, error):
    tries = range(1, task.retries + 1)
    fails = (n for n in tries if task.retry_policy.evaluate(error, n, task.retries).action.value == "fail")
    return next(fails, task.retries + 1)
errors = StoreError("no answer"), CacheError("/cache", "full"), ValueError("wrong")
tasks = [t for t in dag.tasks if t.retry_policy]
described["tries"] = {type(e).__name__: sorted({last_try(t, e) for t in tasks}) for e in errors}
from airflow.providers.celery.executors.celery_executor import CeleryExecutor
described["celery"] = CeleryExecutor.__name__
print("described", json.dumps(described), flush=True)
program, runs = sys.argv[1:]
for environment, conf in json.loads(runs):
    os.environ.update(environment)
    sys.argv[1:] = [json.dumps(conf)]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        print("ended", int(end.code), flush=True)
"""
LOOSE = OPEN_GATE | {
    "TECHNER_CORPUS__REHEARSAL_TEXTS": "50",
    "TECHNER_TRAINING__BATCH_WORDS": "200",
    "TECHNER_GATE__NEW_FLOOR": "0",
    "TECHNER_GATE__NEW_MARGIN": "1",
    "TECHNER_GATE__MIN_SUPPORT": "1",
}
CONFS: dict[str, dict[str, Any]] = {
    "nothing due": {},
    "no such batch": {"batches": ["nowhere.jsonl"]},
    "bad values": {"seed": -1, "epochs": "abc", "batchs": ["monday.jsonl"]},
    "dry run": {"epochs": "1", "seed": " ", "dry_run": True, "batches": ["monday.jsonl ", ""]},
}
STARTED = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
pytestmark = pytest.mark.xdist_group("airflow")


@dataclass(frozen=True)
class Ran:
    """One run of the DAG file as a program: what it left, said, and ended with."""

    world: World
    before: list[str]
    said: str
    code: int


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an Airflow home with a migrated database."""
    home = tmp_path_factory.mktemp("airflow")
    migrate(airflow_environment(home, store="", cache=home))
    return home


@pytest.fixture(scope="module")
def told(
    airflow_home: Path, origin_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, object], dict[str, Ran]]:
    """Parse the DAG file and run it, a store a run; returns what the DAG is, and what became of each run."""
    root = tmp_path_factory.mktemp("runs")
    worlds = {name: World(FolderStore(root / name), root / f"{name} cache") for name in CONFS}
    for name, world in worlds.items():
        shutil.copytree(origin_store, root / name)
        if name != "nothing due":
            world.deliver("monday.jsonl", tech_batch(0, 60))
            world.deliver("tuesday.jsonl", tech_batch(60, 120))
    before = {name: keys(world) for name, world in worlds.items()}
    runs = [
        (LOOSE | {"TECHNER_STORE": world.store.url, "TECHNER_CACHE": str(world.cache)}, CONFS[name])
        for name, world in worlds.items()
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "dags" / "techner_nightly.py"), json.dumps(runs)],
        env=airflow_environment(airflow_home, store="", cache=airflow_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    _, _, rest = done.stdout.partition("described {")
    described: dict[str, object] = json.loads("{" + rest.partition("\n")[0])
    parts = re.split(r"(?m)^ended (\d+)$", rest.partition("\n")[2])
    assert len(parts) == 2 * len(worlds) + 1, done.stdout[-3000:]
    return described, {
        name: Ran(world, before[name], said, int(code))
        for (name, world), said, code in zip(worlds.items(), parts[::2], parts[1::2], strict=False)
    }


@pytest.fixture
def described(told: tuple[dict[str, object], dict[str, Ran]]) -> dict[str, object]:
    return told[0]


@pytest.fixture
def ran(told: tuple[dict[str, object], dict[str, Ran]]) -> dict[str, Ran]:
    return told[1]


def keys(world: World) -> list[str]:
    return [entry.key for entry in world.store.list()]


def night(airflow_home: Path, world: World, **conf: object) -> list[tuple[str, str]]:
    """Run the DAG once with the small world's policies; returns what its tasks said."""
    said: list[tuple[str, str]] = []
    environment = airflow_environment(airflow_home, store=world.store.url, cache=world.cache) | LOOSE
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
    assert retries.pop("ask") == 10  # each answer at once costs a try
    assert set(retries.values()) == {5}
    assert described["backoff"] == []


def test_a_store_that_is_down_gets_more_retries_than_any_other_error(described: dict[str, object]) -> None:
    assert described["tries"] == {"StoreError": [6], "CacheError": [3], "ValueError": [3]}


def test_a_person_can_choose_batches_strategy_seed_epochs_and_dry_run(described: dict[str, object]) -> None:
    assert isinstance(described["params"], dict)
    assert sorted(described["params"]) == ["batches", "dry_run", "epochs", "seed", "strategy"]


@pytest.mark.parametrize("name", ["strategy", "seed", "epochs"])
def test_its_form_lets_every_value_through_to_plan_which_refuses_it_in_words(
    described: dict[str, object], name: str
) -> None:
    """A number field would clamp -1 to 0, and run."""
    params = described["params"]
    assert isinstance(params, dict)
    assert params[name]["type"][0] == "string"  # a plain field
    assert set(params[name]["type"]) == {"string", "number", "boolean", "array", "object", "null"}
    assert not {"enum", "minimum", "maximum"} & set(params[name])


def test_its_form_may_send_a_list_of_batches_that_was_emptied(described: dict[str, object]) -> None:
    params = described["params"]
    assert isinstance(params, dict)
    assert params["batches"]["type"] == ["array", "null"]  # the first one makes the field


def test_its_form_names_the_limits_that_the_settings_allow(described: dict[str, object]) -> None:
    hints = described["hints"]
    assert isinstance(hints, dict)
    assert f"from {limits_of('epochs').least} to {limits_of('epochs').most}." in hints["epochs"]
    assert f"from {limits_of('seed').least} on." in hints["seed"]
    assert hints["strategy"].startswith(f"{' or '.join(strategies())}.")


def test_only_publish_updates_the_asset_and_only_the_gate_leads_there(described: dict[str, object]) -> None:
    assert described["outlets"] == {"publish": ["techner_production"]}
    downstream = described["downstream"]
    assert isinstance(downstream, dict)
    assert {task for task, after in downstream.items() if "publish" in after} == {"route", "answer"}
    assert described["mapped"] == ["admit"]


def test_its_tasks_stand_in_the_order_of_a_night(described: dict[str, object]) -> None:
    downstream = described["downstream"]
    assert isinstance(downstream, dict)
    for task, following in pairwise((*TASKS, "route")):
        assert following in downstream[task], f"{following} does not follow {task}"
        earlier = TASKS[: TASKS.index(task) + 1]
        assert not set(earlier) & set(downstream[task]), f"{task} leads back"
    assert set(downstream["route"]) == {*LastTask}
    assert set(downstream) == {*TASKS, *LastTask, "route", "answer"}


def test_a_run_promotes_what_was_delivered(airflow_home: Path, world: World) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 60))
    world.deliver("tuesday.jsonl", tech_batch(60, 120))
    said = night(airflow_home, world, epochs=2, seed=3)
    _, manifest = Registry(world.store).production()
    assert [batch.name for batch in manifest.lineage.batches] == ["monday.jsonl", "tuesday.jsonl"]
    assert manifest.lineage.seed == 3
    assert [task for task, what in said if what == "done"].count("admit") == 2
    assert ("uptrain", "epoch 2/2") in {(task, what.partition(",")[0]) for task, what in said}
    newest = Registry(world.store).log().newest()
    assert newest is not None
    assert newest.record.who.startswith("airflow:")


def test_a_run_with_nothing_pending_is_green_and_changes_nothing(ran: dict[str, Ran]) -> None:
    run = ran["nothing due"]
    assert run.code == 0
    assert set(STARTED.findall(run.said)) == {"plan"}
    assert keys(run.world) == run.before


def test_a_dry_run_of_named_batches_judges_and_publishes_nothing(ran: dict[str, Ran]) -> None:
    run = ran["dry run"]
    assert run.code == 0
    store = run.world.store
    assert Registry(store).production()[1].number == 0
    newest = judgements(store).newest()
    assert newest is not None
    assert newest.record.outcome == "dry run"
    assert [batch.name for batch in newest.record.batches] == ["monday.jsonl"]
    states = {state.ref.name: state.status for state in survey(store, POLICIES, cache=run.world.cache)}
    assert states["tuesday.jsonl"] is Status.PENDING


def test_a_run_that_fails_says_why_and_ends_with_a_code(ran: dict[str, Ran]) -> None:
    """A bare `test()` ends with 0 even then."""
    assert ran["no such batch"].code == 1
    assert "not in the inbox" in ran["no such batch"].said


def test_bad_values_are_refused_at_once_in_the_words_of_the_page(ran: dict[str, Ran]) -> None:
    run = ran["bad values"]
    assert run.code == 1
    assert keys(run.world) == run.before
    assert STARTED.findall(run.said) == ["plan"]
    assert "AirflowFailException" in run.said  # no retry
    with pytest.raises(OptionsError) as refused:
        read_options(CONFS["bad values"])
    assert len(refused.value.problems) == 3
    assert str(refused.value) in run.said


def test_a_program_that_fails_is_told_with_the_end_of_its_log(airflow_home: Path, tmp_path: Path) -> None:
    environment = airflow_environment(airflow_home, store="", cache=airflow_home)
    broken = environment | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///no/absolute/path.db"}
    with pytest.raises(TechnerError, match=r"the end of .*night.log:\n(?s:.*)relative path"):
        run_night(broken, {}, log=tmp_path / "night.log")


def test_the_celery_executor_can_be_imported(described: dict[str, object]) -> None:
    """Celery 5.7 broke it though `pip check` was clean: docker-compose.yaml needs it."""
    assert described["celery"] == "CeleryExecutor"
