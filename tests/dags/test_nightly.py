"""The DAG: how it is parsed, how it is wired, and whole runs of it in Airflow."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from techner.core.errors import OptionsError, TechnerError
from techner.core.run_options import limits_of, read_options, strategies
from techner.inbox.survey import Status, survey
from techner.night.order import TASKS, LastTask
from techner.registry import Registry
from techner.runs.judgements import judgements
from techner.store import FolderStore
from tests.smtp_server import smtp_server
from tests.world import OPEN_GATE, POLICIES, World, tech_batch
from tools.local.environment import ROOT, airflow_environment
from tools.local.night import run_night

# One process for all that needs no process of its own: Airflow takes 15 s of CPU before its first task.
PROGRAM = """
import json, os, runpy, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.path.dirname(sys.argv[1]))
dag = bag.dags["techner_nightly"]
described = {
    "errors": list(bag.import_errors.values()),
    # Not boto3: for an asset with an address, Airflow imports what the amazon provider has for such (ADR 51).
    "heavy": sorted({"spacy", "great_expectations", "kubernetes", "pandas", "thinc"} & set(sys.modules)),
    "schedule": [dag.schedule.expression, str(dag.schedule.timezone)],
    "run types": sorted(dag.allowed_run_types),
    "planning": dag.get_task("plan").max_active_tis_per_dag,
    "catchup": dag.catchup,
    "params": {name: dag.params.get_param(name).schema for name in dag.params},
    "hints": {name: dag.params.get_param(name).description for name in dag.params},
    "retries": {t.task_id: t.retries for t in dag.tasks},
    "backoff": [t.task_id for t in dag.tasks if not t.retry_exponential_backoff],
    "mapped": sorted(t.task_id for t in dag.tasks if t.is_mapped),
    "outlets": {t.task_id: [o.name for o in t.outlets] for t in dag.tasks if t.outlets},
    "downstream": {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks},
    "hours": {t.task_id: t.execution_timeout.total_seconds() / 3600 for t in dag.tasks},
    "run hours": dag.dagrun_timeout.total_seconds() / 3600,
    "answer hours": dag.get_task("ask").response_timeout.total_seconds() / 3600,
    "queues": {t.task_id: t.queue for t in dag.tasks},
    "pods": {t.task_id: t.executor_config for t in dag.tasks if t.executor_config},
    "links": {t.task_id: [link.name for link in t.operator_extra_links] for t in dag.tasks},
    "doc": dag.doc_md,
    "late": [[d.reference.reference_name, d.interval.total_seconds() / 3600] for d in dag.deadline],
}
from techner.core.errors import CacheError, StoreError
def last_try(task, error):
    tries = range(1, task.retries + 1)
    fails = (n for n in tries if task.retry_policy.evaluate(error, n, task.retries).action.value == "fail")
    return next(fails, task.retries + 1)
errors = StoreError("no answer"), CacheError("/cache", "full"), ValueError("wrong")
tasks = [t for t in dag.tasks if t.retry_policy]
def pauses(task):
    decisions = [task.retry_policy.evaluate(errors[0], n, task.retries) for n in range(1, task.retries + 1)]
    return [decision.retry_delay.total_seconds() / 60 for decision in decisions]
described["pauses"] = sorted({tuple(pauses(t)) for t in tasks})
described["after a lost worker"] = sorted({t.retry_delay.total_seconds() for t in tasks})
described["tries"] = {type(e).__name__: sorted({last_try(t, e) for t in tasks}) for e in errors}
from airflow.providers.celery.executors.celery_executor import CeleryExecutor
described["celery"] = CeleryExecutor.__name__
from types import SimpleNamespace
from airflow.sdk.execution_time.context import set_current_context
class AtWork:
    "A task of a night beside another that is at work."
    dag_id = "techner_nightly"
    def get_dr_count(self, **_):
        return 2
    def get_task_states(self, **_):
        return {"other": {"plan": "success", "publish": None}}
    def get_dagrun_state(self, **_):
        return "running"
def planned(**conf):
    dag_run = SimpleNamespace(conf=conf)
    with set_current_context({"params": {}, "run_id": "own", "ti": AtWork(), "dag_run": dag_run}):
        try:
            return f"is done: {dag.get_task('plan').python_callable()}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
described["planned"] = [planned(seed=-1), planned(openlineage={"parentRunId": "x"})]
program, runs, several = sys.argv[1:]

os.environ["TECHNER_CONFIG"], store = several, os.environ.pop("TECHNER_STORE")
models = DagBag(os.path.dirname(program))
def opened(dag_id):
    "Return the end of what `plan` of a DAG says, which finds an empty store."
    pushed = []
    ti = SimpleNamespace(dag_id=dag_id, run_id="night", task_id="plan", task=None)
    ti.get_dr_count, ti.xcom_push = lambda **_: 1, lambda **told: pushed.append(told["value"])
    dag_run = SimpleNamespace(conf={})
    with set_current_context({"params": {}, "run_id": "night", "ti": ti, "dag_run": dag_run}):
        try:
            return f"is done: {models.dags[dag_id].get_task('plan').python_callable()}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
def watched(dag):
    assets = dag.timetable.asset_condition.objects
    return [[a.name, a.uri, *(w.trigger.serialize()[1]["model"] for w in a.watchers)] for a in assets]
nights = {name: dag for name, dag in models.dags.items() if "." not in name}
from techner_links import BatchLink
described["several"] = {
    "dags": sorted(models.dags),
    "errors": {os.path.basename(file): said for file, said in models.import_errors.items()},
    "schedule": models.dags["techner_legal"].schedule.expression,
    "collections": {
        name: [dag.schedule.expression, str(dag.schedule.timezone)] if dag.schedule else None
        for name, dag in models.dags.items() if name.endswith(".collect")
    },
    "outlets": {n: [[o.name, o.uri] for t in dag.tasks for o in t.outlets] for n, dag in models.dags.items()},
    "watched": [*watched(models.dags["techner_legal.announce"]), *watched(models.dags["techner_nightly"])],
    "notices": {n: len(dag.get_task("publish").on_success_callback) for n, dag in nights.items()},
    "opened": {name: opened(name) for name in nights},
    "batch link": BatchLink().get_link(
        SimpleNamespace(op_kwargs={"batch": {"digest": "d"}}), ti_key=SimpleNamespace(dag_id="techner_legal")
    ),
}
del os.environ["TECHNER_CONFIG"]
os.environ["TECHNER_STORE"] = store
print("described", json.dumps(described), flush=True)

from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import func, select

with create_session() as session:
    before = session.scalar(select(func.max(DagRun.id))) or 0

def ask_in_the_first_run():
    "Make the first run one that has planned all batches and asks; the second, one that was killed at work."
    from techner.core.run_documents import Plan
    from techner.inbox.survey import survey
    from techner.runs.documents import RunDocuments
    from techner.settings import load_settings
    settings = load_settings()
    store = settings.open_store()
    refs = tuple(state.ref for state in survey(store, settings.policies, cache=settings.cache))
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.id > before).order_by(DagRun.id)).first()
        killed = session.scalars(select(DagRun).where(DagRun.id > run.id).order_by(DagRun.id)).first()
        run._state = killed._state = "running"
        for ti in run.task_instances:
            ti.state = {"plan": "success", "ask": "deferred"}.get(ti.task_id)
        for ti in killed.task_instances:
            ti.state = {"plan": "success"}.get(ti.task_id)
        planned = Plan(batches=refs, production="p", origin="o", reference="r", policies=settings.policies)
        RunDocuments(store=store, id=run.run_id).write(planned)

from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager
from techner.store import open_store

class Annotator:
    "Takes a delivery back right before the first examination."
    name = None
    @hookimpl
    def on_task_instance_running(self, previous_state, task_instance):
        if task_instance.task_id == "admit" and self.name:
            open_store(os.environ["TECHNER_STORE"]).delete(f"inbox/{self.name}")
            self.name = None

annotator = Annotator()
get_listener_manager().add_listener(annotator)
for environment, conf in json.loads(runs):
    os.environ.update(environment)
    annotator.name = conf.pop("taken back", None)
    if conf.pop("beside a question", False):
        ask_in_the_first_run()
    sys.argv[1:] = [json.dumps(conf)]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        print("ended", int(end.code), flush=True)

with create_session() as session:
    for run in session.scalars(select(DagRun).order_by(DagRun.id)):
        values = session.scalars(select(XComModel).where(XComModel.run_id == run.run_id))
        links = {f"{x.task_id} {x.key}": x.value for x in values if x.key.startswith("_link_")}
        names = sorted(str(t.rendered_map_index) for t in run.task_instances if t.map_index >= 0)
        print("kept", json.dumps({"id": run.run_id, "note": run.note, "links": links, "names": names}))
"""
LOOSE = OPEN_GATE | {
    "TECHNER_CORPUS__REHEARSAL_TEXTS": "50",
    "TECHNER_TRAINING__BATCH_WORDS": "200",
    "TECHNER_GATE__NEW_FLOOR": "0",
    "TECHNER_GATE__NEW_MARGIN": "1",
    "TECHNER_GATE__MIN_SUPPORT": "1",
}
TEMPLATE = "{{ 7 * 7 }}.jsonl"  # who names a batch must not get Airflow to compute
CONFS: dict[str, dict[str, Any]] = {
    "nothing due": {},
    "no such batch": {"batches": ["nowhere.jsonl"]},
    "bad values": {"seed": -1, "epochs": "abc", "batchs": ["monday.jsonl"]},
    "dry run": {
        "epochs": "1",
        "seed": " ",
        "dry_run": True,
        "batches": ["monday.jsonl ", "taken-back.jsonl", TEMPLATE, ""],
        "taken back": "taken-back.jsonl",
    },
    "beside a question": {"beside a question": True},
}
NIGHTS = {
    "TECHNER_NOTICES__SMTP": "mail",
    "TECHNER_NOTICES__TO": "ops@example.org",
    "TECHNER_NOTICES__LATE_HOURS": "6",
    "TECHNER_NIGHTS__TRAIN_QUEUE": "train",
    "TECHNER_NIGHTS__TRAIN_POD": "/opt/airflow/settings/train-pod.yaml",
    "TECHNER_NIGHTS__TRAIN_HOURS": "7",
    "TECHNER_NIGHTS__TASK_HOURS": "1.5",
    "TECHNER_NIGHTS__ANSWER_HOURS": "9",
    "TECHNER_NIGHTS__RUN_HOURS": "30",
}
SEVERAL = """
[models.legal]
store = "/nowhere/legal"
nights = { schedule = "30 4 * * *" }
collection = { schedule = "0 3 * * 1", timezone = "Europe/Berlin" }
[models.nightly]
store = "/nowhere/nightly"
nights = { schedule = "", on_arrival = true }
notices = { events = ["late"] }
collection = { schedule = "" }
[models.worse]
store = "/nowhere/worse"
collection = { timezone = "Mars/Olympus" }
[models.broken]
store = "/nowhere/broken"
nights = { timezone = "Mars/Olympus" }
"""
STARTED = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
pytestmark = pytest.mark.xdist_group("airflow")


@dataclass(frozen=True)
class Ran:
    """One run of the DAG file as a program: what it left, said, and ended with."""

    world: World
    before: list[str]
    said: str
    code: int
    kept: dict[str, Any]
    """What Airflow's database has of the run."""


@pytest.fixture(scope="module")
def mails() -> Iterator[list[EmailMessage]]:
    """Take the mails of all nights of this module, which find the connection in their environment."""
    with smtp_server() as (connection, mails), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_MAIL", connection)
        yield mails


@pytest.fixture(scope="module")
def told(
    airflow_home: Path,
    origin_store: Path,
    tmp_path_factory: pytest.TempPathFactory,
    mails: list[EmailMessage],  # noqa: ARG001 - the environment of the runs names its server
) -> tuple[dict[str, object], dict[str, Ran]]:
    """Parse the DAG file and run it, a store a run; returns what the DAG is, and what became of each run."""
    root = tmp_path_factory.mktemp("runs")
    worlds = {name: World(FolderStore(root / name), root / f"{name} cache") for name in CONFS}
    for name, world in worlds.items():
        shutil.copytree(origin_store, root / name)
        if name != "nothing due":
            world.deliver("monday.jsonl", tech_batch(0, 60))
            world.deliver("tuesday.jsonl", tech_batch(60, 120))
            world.deliver(TEMPLATE, tech_batch(120, 140))
    worlds["dry run"].deliver("taken-back.jsonl", tech_batch(140, 150))
    before = {name: keys(world) for name, world in worlds.items()}
    runs = [
        (LOOSE | {"TECHNER_STORE": world.store.url, "TECHNER_CACHE": str(world.cache)}, CONFS[name])
        for name, world in worlds.items()
    ]
    (root / "several.toml").write_text(SEVERAL)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            str(ROOT / "dags" / "techner_nightly.py"),
            json.dumps(runs),
            str(root / "several.toml"),
        ],
        env=airflow_environment(airflow_home, store="", cache=airflow_home) | NIGHTS,
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
    kept = [json.loads(line) for line in re.findall(r"(?m)^kept (.*)$", parts.pop())]
    return described, {
        name: Ran(world, before[name], said, int(code), left)
        for (name, world), said, code, left in zip(
            worlds.items(), parts[::2], parts[1::2], kept[-len(worlds) :], strict=True
        )
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
    environment = airflow_environment(airflow_home, store=world.store.url, cache=world.cache) | LOOSE | NIGHTS
    run_night(environment, conf, log=world.cache / "night.log", on_task=lambda *what: said.append(what))
    return said


def test_parsing_works_and_imports_nothing_heavy(described: dict[str, object]) -> None:
    assert described["errors"] == []
    assert described["heavy"] == []


def test_it_runs_nightly_without_catching_up_and_plans_one_night_at_a_time(
    described: dict[str, object],
) -> None:
    assert described["schedule"] == ["0 2 * * *", "UTC"]
    assert (described["planning"], described["catchup"]) == (1, False)


def test_a_backfill_is_refused_as_a_night_has_no_date(described: dict[str, object]) -> None:
    assert described["run types"] == [
        "asset_materialization",
        "asset_triggered",
        "manual",
        "operator_triggered",
        "scheduled",
    ]


def test_every_task_is_retried_with_back_off(described: dict[str, object]) -> None:
    retries = described["retries"]
    assert isinstance(retries, dict)
    assert retries.pop("ask") == 10  # each answer at once costs a try
    assert set(retries.values()) == {5}
    assert described["backoff"] == []


def test_a_store_that_is_down_and_a_full_disk_get_more_retries_than_other_errors(
    described: dict[str, object],
) -> None:
    assert described["tries"] == {"StoreError": [6], "CacheError": [6], "ValueError": [3]}


def test_a_store_that_is_down_is_tried_again_over_half_an_hour(described: dict[str, object]) -> None:
    assert described["pauses"] == [[1, 2, 4, 8, 15]]


def test_a_lost_worker_is_made_up_for_at_once(described: dict[str, object]) -> None:
    """Airflow waits up to twice as long, and a minute before that for heartbeats: less than 90 seconds."""
    assert described["after a lost worker"] == [5]


def test_every_task_and_the_whole_night_may_take_only_so_long(described: dict[str, object]) -> None:
    hours = described["hours"]
    assert isinstance(hours, dict)
    assert hours.pop("uptrain") == 7
    assert set(hours.values()) == {1.5}
    assert (described["answer hours"], described["run hours"]) == (9, 30)


def test_only_training_has_a_queue_of_its_own(described: dict[str, object]) -> None:
    queues = described["queues"]
    assert isinstance(queues, dict)
    assert queues.pop("uptrain") == "train"
    assert set(queues.values()) == {"default"}


def test_only_training_has_a_pod_of_its_own(described: dict[str, object]) -> None:
    assert described["pods"] == {"uptrain": {"pod_template_file": "/opt/airflow/settings/train-pod.yaml"}}


def test_every_task_links_to_its_night_and_an_examination_to_its_batch(described: dict[str, object]) -> None:
    links = described["links"]
    assert isinstance(links, dict)
    assert links.pop("admit") == ["Night in techner", "Batch in techner"]
    assert all(names == ["Night in techner"] for names in links.values())


def test_its_documentation_explains_each_end_of_a_night(described: dict[str, object]) -> None:
    for task in ("`publish` green", "`reject` green", "`ask` waiting", "`plan` skipped", "a red task"):
        assert task in str(described["doc"])


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


def test_each_model_has_dags_of_its_own_as_its_settings_say(described: dict[str, Any]) -> None:
    several = described["several"]
    assert several["dags"] == [
        "techner_legal",
        "techner_legal.announce",
        "techner_legal.collect",
        "techner_nightly",
        "techner_nightly.announce",
        "techner_nightly.collect",
    ]
    assert several["schedule"] == "30 4 * * *"
    assert several["collections"] == {
        "techner_legal.collect": ["0 3 * * 1", "Europe/Berlin"],
        "techner_nightly.collect": None,
    }
    assert several["notices"] == {"techner_legal": 1, "techner_nightly": 0}


def test_a_model_whose_settings_are_wrong_is_told_and_stops_no_other(described: dict[str, Any]) -> None:
    """Airflow stops every DAG of a file with an import error, so it is of a file that has none."""
    (error,) = described["several"]["errors"].items()
    assert error[0] == "techner_settings.py"
    assert "broken: nights.timezone is 'Mars/Olympus'" in error[1]
    assert "worse: collection.timezone is 'Mars/Olympus'" in error[1]


def test_no_two_models_share_an_asset(described: dict[str, Any]) -> None:
    several = described["several"]
    of_legal = [["techner_legal_production", "techner://legal/production"]]
    of_nightly = [["techner_nightly_production", "techner://nightly/production"]]
    assert {dag: outlets for dag, outlets in several["outlets"].items() if outlets} == {
        "techner_legal": of_legal,
        "techner_legal.announce": of_legal,
        "techner_nightly": of_nightly,
        "techner_nightly.announce": of_nightly,
    }
    moved = ["techner_legal_production_moved", "techner://legal/production/moved", "legal"]
    inbox = ["techner_nightly_inbox", "techner://nightly/inbox", "nightly"]
    assert several["watched"] == [moved, inbox]


@pytest.mark.parametrize("model", ["legal", "nightly"])
def test_a_task_opens_the_store_of_the_model_of_its_dag(model: str, described: dict[str, Any]) -> None:
    opened = described["several"]["opened"][f"techner_{model}"]
    assert opened.startswith(f"AirflowFailException: file:///nowhere/{model} holds no model yet")


def test_a_task_links_to_the_pages_of_its_model(described: dict[str, Any]) -> None:
    assert described["several"]["batch link"] == "/plugin/techner/techner/model/legal/batches/d"


def test_a_run_promotes_what_was_delivered(
    airflow_home: Path, world: World, mails: list[EmailMessage]
) -> None:
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
    mail = next(mail for mail in mails if mail["Subject"] == "techner: promoted")
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    assert f"Promoted: production is {newest.record.version}." in "".join(parts)


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
    assert [batch.name for batch in newest.record.batches] == ["monday.jsonl", TEMPLATE]
    states = {state.ref.name: state.status for state in survey(store, POLICIES, cache=run.world.cache)}
    assert states["tuesday.jsonl"] is Status.PENDING


def test_its_log_tells_what_was_decided_and_why(ran: dict[str, Ran]) -> None:
    said = ran["dry run"].said
    assert f"in the plan: monday.jsonl, taken-back.jsonl, {TEMPLATE}, as a person asked" in said
    assert "not in the plan: 1 pending" in said
    assert ", strategy extend, seed 0, epochs 1, a dry run" in said
    assert "monday.jsonl: accept, 60 of 60 rows accepted, 0 set aside" in said
    assert re.search(r"examples: 80 accepted, .* rehearsal", said)
    assert re.search(r"epoch 1/1, loss .*, dev F1 .*, at most 0.0 min left", said)
    assert re.search(r"pretrained micro F1 0\.\d+ \(origin 0\.\d+\)", said)
    assert "of a dry run, so dry_run follows" in said


def test_a_night_that_did_not_simply_promote_has_a_note(ran: dict[str, Ran]) -> None:
    """Airflow's grid marks the runs that have one."""
    *_, last = ran["dry run"].kept["note"].split("\n\n")
    assert last.startswith("Dry run, nothing changed: ")
    assert ran["nothing due"].kept["note"] is None


def test_an_examination_bears_the_name_of_its_batch_as_it_is(ran: dict[str, Ran]) -> None:
    assert ran["dry run"].kept["names"] == sorted(["monday.jsonl", "taken-back.jsonl", TEMPLATE])


def test_a_night_goes_on_without_a_delivery_that_was_taken_back_and_says_so(ran: dict[str, Ran]) -> None:
    run = ran["dry run"]
    left_out = "Left out: taken-back.jsonl (it was removed after the plan). The next night"
    assert run.said.count(left_out) >= 2  # the examination and the night
    assert run.kept["note"].startswith(left_out)


def test_a_task_links_to_the_pages_of_its_night_and_batch(ran: dict[str, Ran]) -> None:
    run = ran["dry run"]
    links, pages = run.kept["links"], "/plugin/techner/techner"
    assert links["uptrain _link_NightLink"] == f"{pages}/tab/techner_nightly/{quote(run.kept['id'], safe='')}"
    newest = judgements(run.world.store).newest()
    assert newest is not None
    digests = {batch.digest for batch in newest.record.batches}
    assert links["admit _link_BatchLink"].removeprefix(f"{pages}/batches/") in digests


def test_a_night_beside_a_question_leaves_its_batches_out_and_says_so(ran: dict[str, Ran]) -> None:
    run = ran["beside a question"]
    assert run.code == 0
    assert set(STARTED.findall(run.said)) == {"plan"}
    assert f"of these, waiting for an answer: monday.jsonl, tuesday.jsonl, {TEMPLATE}" in run.said
    asking = ran["nothing due"].kept["id"]
    assert run.kept["note"] == f"Left out: the batches of {asking}, which waits for an answer."


def test_a_run_that_fails_says_why_and_ends_with_a_code(ran: dict[str, Ran]) -> None:
    """A bare `test()` ends with 0 even then."""
    assert ran["no such batch"].code == 1
    assert "not in the inbox" in ran["no such batch"].said


def test_a_night_is_late_by_the_time_it_was_queued(described: dict[str, object]) -> None:
    assert described["late"] == [["DagRunQueuedAtDeadline", 6.0]]


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


def test_bad_values_do_not_wait_for_another_night(described: dict[str, object]) -> None:
    planned = described["planned"]
    assert isinstance(planned, list)
    assert planned[0].startswith("AirflowFailException: ")
    assert "seed" in planned[0]


def test_what_a_provider_adds_to_a_triggered_run_is_no_choice(described: dict[str, object]) -> None:
    planned = described["planned"]
    assert isinstance(planned, list)
    assert planned[1] == "is done: False"  # it waits


def test_a_program_that_fails_is_told_with_the_end_of_its_log(airflow_home: Path, tmp_path: Path) -> None:
    environment = airflow_environment(airflow_home, store="", cache=airflow_home)
    broken = environment | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///no/absolute/path.db"}
    with pytest.raises(TechnerError, match=r"the end of .*night.log:\n(?s:.*)relative path"):
        run_night(broken, {}, log=tmp_path / "night.log")


def test_the_celery_executor_can_be_imported(described: dict[str, object]) -> None:
    """Celery 5.7 broke it though `pip check` was clean: docker-compose.yaml needs it."""
    assert described["celery"] == "CeleryExecutor"
