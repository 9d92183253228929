"""The plugin as Airflow meets it: imported by every process, and open to the world unless it asks."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from techner.core.records import RunEnd
from techner.core.run_documents import Judged
from techner.core.verdict import Verdict
from techner.registry import Registry
from techner.runs.documents import RunDocuments
from techner.runs.endings import begin
from techner.runs.judgements import Word
from techner.store import FolderStore
from tests.web.conftest import PLAN, save_version

pytestmark = pytest.mark.xdist_group("plugin")
ROOT = Path(__file__).parents[2]
HEAVY = ("spacy", "boto3", "great_expectations", "pandas", "numpy", "techner", "airflow.api_fastapi.core_api")

POLICIES: tuple[dict[str, object], ...] = (
    {},
    {"schedule": "30 4 * * 1-5", "timezone": "Europe/Berlin"},
    {"schedule": ""},
    {"schedule": "", "on_arrival": True, "quiet_s": 7},
    {"on_arrival": True},
    {"timezone": "Mars/Olympus"},
    {"schedule": "61 2 * * *"},
)

SEVERAL = """
[models.legal]
store = "{root}/of-legal"
eviction = {{ max_bytes = 5000 }}
[models.medical]
store = "{root}/of-medical"
[models.watched]
store = "{root}/watched"
[models.broken]
store = "{root}/of-broken"
gate = {{ seed = -1 }}
"""

# One process for all: Airflow takes seconds to import.
PROGRAM = f"""
import json, os, sys
BEFORE = ("TECHNER_STORE", "TECHNER_S3_ENDPOINT")
SHOWN = ("of-legal", "of-medical", "gate.seed is", "model/legal/", "model/medical/", "model/broken/")
sys.path.insert(0, "plugins")
import airflow.plugins_manager
before = set(sys.modules)
import techner_pages, techner_plugin
loaded = set(sys.modules) - before
print("loads", *sorted(loaded & set({HEAVY!r})))
from airflow.api_fastapi.app import init_auth_manager
from fastapi import FastAPI
from fastapi.testclient import TestClient
init_auth_manager(FastAPI())
client = TestClient(techner_plugin.app, raise_server_exceptions=False)
version = "0000-0123456789abcdef"
for path in ("/", f"/download/{{version}}", f"/report/{{version}}", "/tab/other/run", "/start"):
    bad = client.get(path, headers={{"Authorization": "Bearer nonsense"}})
    print("answers", client.get(path).status_code, bad.status_code)
for view in techner_plugin.TechnerPlugin.external_views:
    print("view", view["destination"], view.get("nav_top_level"), view["href"])
print("posts", client.post("/run/night-1", data={{"end": "reject"}}).status_code)
print("posts", client.post(f"/act/rollback/{{version}}", data={{"why": "mine"}}).status_code)
browser = {{"Accept": "text/html"}}
below = FastAPI(root_path="/airflow")
below.mount("/techner", techner_plugin.app)
asked = "/airflow/techner/run/a%20b%3F?report=true&x=a%20b"
for cookies in ({{}}, {{"_token": "of.another.key"}}):
    visit = TestClient(below, cookies=cookies, follow_redirects=False)
    print("login", visit.get(asked, headers=browser).headers["Location"])
print("login", client.get("/v1/aliases/production", headers=browser).status_code)

from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
DagModel.get_team_name = lambda dag_id: None  # there is no database
for role in ("VIEWER", "USER", "ADMIN"):
    user = SimpleAuthManagerUser(username="ada", role=role)
    print("person", role, techner_pages._person("techner_nightly")(user=user))
    asks = techner_pages._visitor("techner_nightly")(user=user)
    print("visitor", role, asks.name, asks.may_edit, asks.may_read, asks.may_download)

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
manager = get_auth_manager()
simple = type(manager)
for part in (None, DagAccessEntity.TASK_LOGS, DagAccessEntity.XCOM):
    class Without(simple):  # another auth manager's role may lack one part of the DAG
        def is_authorized_dag(self, *, access_entity=None, **wanted):
            return access_entity is not part and super().is_authorized_dag(**wanted)
    manager.__class__ = Without
    asks = techner_pages._visitor("techner_nightly")(user=user)
    print("without", part and part.value, asks.may_edit, asks.may_read, asks.may_download)
manager.__class__ = simple

from airflow.api_fastapi.core_api.security import get_user
from techner.web.forms import make_token
several = sys.argv.pop()
os.environ["TECHNER_CONFIG"], others = several, [os.environ.pop(name) for name in BEFORE]
class OfLegal(simple):  # a role that may read one DAG alone
    def is_authorized_dag(self, *, details=None, **wanted):
        return details.id == "techner_legal" and super().is_authorized_dag(details=details, **wanted)
manager.__class__ = OfLegal
below = FastAPI()
below.mount("/techner", techner_plugin.app)
visit = TestClient(below, raise_server_exceptions=False, follow_redirects=False, headers=browser)
print("returns", visit.get("/techner/model/legal/models").headers["Location"])
for pages in (techner_pages.choice(), *map(techner_pages.pages_of, ("legal", "medical", "broken"))):
    pages.dependency_overrides[get_user] = lambda: user
def show(what, path):
    answer = visit.get(f"/techner/{{path}}")
    shown = [word for word in SHOWN if word in answer.text]
    print("several", json.dumps([what, answer.status_code, shown, answer.headers.get("Location", "")]))
show("choice", "")
show("legal", "model/legal/models")
show("medical", "model/medical/models")
show("medical api", "model/medical/v1/aliases/production")
show("unknown", "model/nobody/")
show("tab", "tab/techner_legal/night%2B1")
show("tab of no night", "tab/sales/night")
show("old run", "run/night-of-old")
manager.__class__ = simple
show("choice of all", "")
show("legal without a final slash", "model/legal")
show("medical for all", "model/medical/models")
tokens = [make_token(techner_pages.secret_of(name), "answer") for name in (None, "legal", "medical")]
print("tokens", len(set(tokens)))
show("broken", "model/broken/")
show("overview", "model/legal/")
del os.environ["TECHNER_CONFIG"]
os.environ.update(zip(BEFORE, others))

from fastapi import HTTPException, Request
from techner_scheduler import AirflowAsPerson, scheduler_of_person
airflow = FastAPI()

@airflow.post("/api/v2/dags/night/dagRuns")
def refuse():
    raise HTTPException(400, "the DAG has import errors")

@airflow.get("/api/v2/dags/night")
def broken():
    raise ValueError("the database is down")

def question(run, state):
    return {{"created_at": "2026-11-20T02:00:00Z", "task_instance": {{"dag_run_id": run, "state": state}}}}

@airflow.get("/api/v2/dags/night/dagRuns/~/hitlDetails")
def questions(response_received: bool):
    return {{"hitl_details": [question("c", "deferred"), question("b", "failed"), question("a", None)]}}

@airflow.get("/api/v2/dags/night/dagRuns")
def ended(order_by: str):
    states = {{"d": "failed", "c": "failed", "b": "success", "a": "failed"}}
    return {{"dag_runs": [{{"dag_run_id": run, "state": state}} for run, state in states.items()]}}

@airflow.get("/api/v2/dags/night/dagRuns/c")
def failed():
    return {{"state": "failed"}}

request = Request({{"type": "http", "headers": [(b"cookie", b"_token=x")], "techner.airflow": airflow}})
for role in ("VIEWER", "USER", "ADMIN"):
    user = SimpleAuthManagerUser(username="ada", role=role)
    print("starter", role, scheduler_of_person("night")(request=request, user=user).who)

import asyncio, os, uuid
from anyio.to_thread import run_sync
asked = AirflowAsPerson(app=airflow, login={{}}, dag_id="night", who="airflow:ada")
for ask in (asked.is_paused, lambda: asked.start("manual__1", {{}}), lambda: asked.times("manual__1")):
    async def tell():
        try:
            print("airflow", await run_sync(ask))
        except Exception as error:
            print("airflow", type(error).__name__, error)
    asyncio.run(tell())
for dag in ("night", "unknown"):
    nights = AirflowAsPerson(app=airflow, login={{}}, dag_id=dag, who=None)
    async def tell():
        for ask in (nights.failed, nights.asking, lambda: nights.state("c")):
            print("nights", dag, await run_sync(ask))
    asyncio.run(tell())

from airflow.sdk.api.datamodels._generated import HITLDetailResponse
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse
from datetime import UTC, datetime
from techner.registry import Registry
from techner.store import open_store
from techner_moves import ProductionMoved
from techner_tasks import AnswerTrigger

OPEN = {{"response_received": False, "responded_at": None, "chosen_options": [], "params_input": {{}}}}
NO = OPEN | {{"response_received": True, "chosen_options": ["reject"], "responded_at": "2026-11-20T02:00Z"}}
GONE = AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={{"status_code": 404}}))

class Airflow:
    def __init__(self, *rows):
        self.rows = list(rows)
    def send(self, msg):
        row = self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]
        if row is GONE:
            raise row
        return HITLDetailResponse(**row)

async def event(store, *rows):
    os.environ["TECHNER_STORE"] = store
    task_runner.SUPERVISOR_COMMS = Airflow(*rows)
    waiting = AnswerTrigger(
        run_id="night-1", ti_id=uuid.uuid4(), options=["publish", "reject"], params={{}},
        timeout_datetime=None, poke_interval=0.02,
    )
    name, kwargs = waiting.serialize()
    assert name == "techner_tasks.AnswerTrigger"
    found = await asyncio.wait_for(anext(AnswerTrigger(**kwargs).run()), 60)
    return found.payload.get("chosen_options")

from techner.core.errors import PolicyError
from techner.core.nights import NightsPolicy
from techner_schedule import InboxTrigger, schedule

def described(policy):
    try:
        found = schedule(NightsPolicy(**policy))
    except PolicyError as error:
        return str(error)
    clock = getattr(found, "timetable", found)
    both = getattr(found, "asset_condition", None)
    assets = found if isinstance(found, list) else both.objects if both else ()
    waited = [watcher.trigger.quiet_s for asset in assets for watcher in asset.watchers]
    begins = f"{{clock.expression}} in {{clock.timezone}}" if hasattr(clock, "expression") else "off in none"
    return f"{{begins}}, looks every {{waited}}"

for policy in {POLICIES!r}:
    print("begins", described(policy))

from techner.core.nights import CollectionPolicy
from techner_schedule import clock
for policy in ({{}}, {{"schedule": ""}}, {{"schedule": "61 2 * * *"}}, {{"timezone": "Mars/Olympus"}}):
    try:
        begins = clock(CollectionPolicy(**policy))
        print("collects", begins.expression if begins else "never")
    except PolicyError as error:
        print("collects", error)

class State:
    kept = {{}}
    async def aget(self, key, default):
        return self.kept.get(key, default)
    async def aset(self, key, value):
        self.kept[key] = value

async def arrivals(store):
    from techner.inbox.arrivals import Arrivals, listing
    from techner.settings import load_settings
    os.environ["TECHNER_STORE"] = store
    inbox = load_settings().open_store()
    watcher = InboxTrigger(quiet_s=0.05)
    watcher.asset_state_store = state = State()
    events = watcher.run()
    for name in ("a.jsonl", "b.jsonl"):
        seen = listing(inbox)
        inbox.create(f"inbox/{{name}}", b"1")
        found = await asyncio.wait_for(anext(events), 60)
        print("arrives", *found.payload["arrived"])
    def is_known(found):
        later = Arrivals(state.kept["mark"])
        return not later.look(found) and not later.look(found)
    print("arrives", "remembered" if is_known(seen) else "forgotten")
    inbox.delete("inbox/a.jsonl")
    left = listing(inbox)
    watching = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(60):
        while not is_known(left):
            await asyncio.sleep(0.01)
    print("arrives", "again" if watching.done() else "nothing")
    watching.cancel()

from techner_turns import among
BEGUN = {{"plan": "success", "ask": None, "publish": None, "reject": None, "dry_run": None}}
OVER = dict.fromkeys(BEGUN, "skipped") | {{"plan": "success", "publish": "success"}}
NIGHTS = {{
    "own": BEGUN,
    "waits": BEGUN | {{"plan": "up_for_reschedule"}},
    "trains": BEGUN,
    "asks": BEGUN | {{"ask": "deferred"}},
    "retries": BEGUN | {{"ask": "up_for_retry"}},
    "answered": BEGUN | {{"ask": "success"}},
    "over": OVER,
    "stopped": BEGUN,
    "earlier": {{"plan": "success", "publish": "success"}},
}}
others = among(NIGHTS, "own", lambda run: "failed" if run == "stopped" else "running")
print("turns", "working", *others.working)
print("turns", "asking", *others.asking)

from techner.core.nights import NoticesPolicy
from techner_notices import _channels

class Said:
    task_id = "reject"
    def xcom_pull(self, **_):
        return "Rejected: held <!channel> & {{{{ 7 * 7 }}}}.jsonl."

for policy in ({{"smtp": "mail", "to": ("a@b.c",)}}, {{"slack": "hook"}}, {{"webhook": "hook"}}):
    try:
        (notifier, kwargs), = _channels(NoticesPolicy(**policy), "rejected", "techner_nightly")
    except PolicyError as error:
        print("notice", error)
        continue
    made = notifier(**kwargs)
    made.render_template_fields({{"ti": Said(), "run_id": "night+1"}})
    if "webhook" in policy:
        print("notice", made.http_conn_id, made.json)
    else:
        print("notice", made.to, made.subject, made.html_content)
mail = NoticesPolicy(smtp="mail", to=("a@b.c",))
for what, context in (
    ("failed", {{"run_id": "night", "reason": "task_failure", "ti": Said()}}),
    ("failed", {{"run_id": "night", "reason": "timed_out"}}),
    ("late", {{"dag_run": {{"dag_run_id": "night", "queued_at": "2:00"}}}}),
):
    (notifier, kwargs), = _channels(mail, what, "techner_nightly")
    made = notifier(**kwargs)
    made.render_template_fields(context)
    print("tells", made.html_content)
print("notice", *_channels(NoticesPolicy(smtp="mail", to=("a@b.c",), events=("late",)), "rejected", "x"))

from techner_tasks import Ask
class Pushes:
    def xcom_push(self, **told):
        print("asks", told["value"])
def loud(context):
    raise ConnectionError("no mail today")
body = "It is **open**.\\nMore."
ask = Ask(task_id="ask", subject="Publish?", options=["publish"], body=body, notifiers=[loud])
ask._notify({{"ti": Pushes()}})

async def fired(url):
    first, second = Registry(open_store(url)).versions()
    def move(version, before):
        registry = Registry(open_store(url))
        registry.move(version, expected=before, who="cli:ada", why="ghosts", when=datetime.now(UTC))
    name, kwargs = ProductionMoved(poll_s=0.01).serialize()
    assert name == "techner_moves.ProductionMoved"
    events, numbers = ProductionMoved(**kwargs).run(), []
    for versions in ((first, None), (second, first), (first, second)):
        os.environ["TECHNER_STORE"] = broken
        event = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait([event], timeout=0.3)
        assert not done, "it fires, though nothing has moved and the store is down"
        move(*versions)
        os.environ["TECHNER_STORE"] = url
        numbers.append((await asyncio.wait_for(event, 60)).payload["generation"])
    await events.aclose()
    return numbers

answered, broken, moving, endpoint, *inboxes = sys.argv[1:]
print("fired", *asyncio.run(fired(moving)))
print("event", "store", asyncio.run(event(answered, OPEN)))
print("event", "airflow", asyncio.run(event(broken, OPEN, NO)))
print("event", "no question", asyncio.run(event(broken, GONE)))

from airflow.sdk.observability import stats
from techner.core.verdict import Verdict
import techner_metrics
class Recorder:
    def gauge(self, name, value, *rest, **more):
        print("sends", name, value)
    def incr(self, name, *rest, **more):
        print("sends", name, "+1")
stats.initialize(factory=Recorder, export_legacy_names=False)
techner_metrics._send({{"techner.batches.pending": 3}}, None)
techner_metrics.send_verdict(Verdict(checks=()), None)
techner_metrics.send_verdict(Verdict(checks=()), "legal")
with techner_metrics.timed("judge", "legal"):
    pass

os.environ["TECHNER_S3_ENDPOINT"] = endpoint
for inbox in inboxes:
    asyncio.run(arrivals(inbox))

os.environ["TECHNER_CONFIG"], others = several, [os.environ.pop(name) for name in BEFORE]
looked = dict(run_id="night-1", ti_id=uuid.uuid4(), options=[], params={{}}, timeout_datetime=None)
from techner_models import dag_of
from techner_tasks import opened_run
for model in ("watched", "legal"):
    with opened_run("night-1", dag_of(model)) as opened:
        print("evicts", model, opened.eviction.max_bytes)
    known = AnswerTrigger(model=model, **looked)._is_answered()
    arrived = InboxTrigger(model=model, quiet_s=1)._listed()
    print("triggers", model, known, ProductionMoved(model=model)._newest(), len(arrived))

from techner_lineage import named, tell
print("lineage", *named("s3://models/ner", "inbox/a"), *named("file:///a%20b", "inbox/a"))
print("lineage", "told", tell("s3://models", None))  # without the provider, nothing is even looked at

from datetime import timedelta
from airflow.serialization.encoders import encode_timetable
from airflow.serialization.decoders import decode_timetable
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.sdk import timezone
clock = decode_timetable(encode_timetable(schedule(NightsPolicy(schedule="0 2 * * *", timezone="UTC"))))
now = timezone.utcnow()
restriction = TimeRestriction(earliest=now - timedelta(days=100), latest=None, catchup=False)
last, missed = now - timedelta(days=9), []
for _ in range(2):
    before = DataInterval.exact(last)
    last = clock.next_dagrun_info(last_automated_data_interval=before, restriction=restriction).run_after
    missed.append((now - last).total_seconds() / 3600)
print("missed", *(0 <= hours < 24 for hours in missed))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, moto_endpoint: str) -> list[list[str]]:
    """Return what the program says, run as an Airflow process of the checkout, with a home of its own."""
    root = tmp_path_factory.mktemp("stores")
    answered, watched = FolderStore(root / "answered"), FolderStore(root / "watched")
    for run in (RunDocuments(store=store, id="night-1") for store in (answered, watched)):
        run.write(Judged(verdict=Verdict(checks=()), scores=(), made_from={}))
        word = Word(who="cli:ada", when=datetime(2026, 11, 20, tzinfo=UTC), why="read them")
        begin(run, RunEnd.PUBLISH, word)
    for name in ("of-legal", "of-medical"):
        RunDocuments(store=FolderStore(root / name), id="night-of-old").write(PLAN)
    (root / "broken").write_text("a file, no folder")
    boto3.client("s3", endpoint_url=moto_endpoint).create_bucket(Bucket="arrivals")
    inboxes = (str(root / "arrivals"), "s3://arrivals/ner")
    watched.create("inbox/a.jsonl", b"1")
    version = save_version(watched, number=0, parent=None, origin=None)
    when = datetime(2026, 11, 20, tzinfo=UTC)
    Registry(watched).move(version, expected=None, who="cli:ada", why="ghosts", when=when)
    moving = FolderStore(root / "moving")
    first = save_version(moving, number=0, parent=None, origin=None)
    save_version(moving, number=1, parent=first, origin=first)
    (root / "several.toml").write_text(SEVERAL.format(root=root))
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TECHNER_STORE": "s3://nobody/nowhere",
        "TECHNER_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            str(root / "answered"),
            str(root / "broken"),
            str(root / "moving"),
            moto_endpoint,
            *inboxes,
            str(root / "several.toml"),
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.split() for line in done.stdout.splitlines()]


def test_import_is_light_and_touches_no_store(said: list[list[str]]) -> None:
    assert [loaded for name, *loaded in said if name == "loads"] == [[]]


def test_nobody_gets_in_without_a_token(said: list[list[str]]) -> None:
    assert [codes for name, *codes in said if name == "answers"] == [["401", "403"]] * 5


def test_airflow_shows_it_at_the_side_and_as_a_tab_of_runs(said: list[list[str]]) -> None:
    assert [view for name, *view in said if name == "view"] == [
        ["nav", "True", "/techner/"],
        ["dag_run", "None", "/techner/tab/{DAG_ID}/{RUN_ID}"],
    ]


def test_nobody_answers_or_acts_without_a_token(said: list[list[str]]) -> None:
    assert [codes for name, *codes in said if name == "posts"] == [["401"]] * 2


def test_a_browser_without_a_valid_token_is_sent_to_airflows_login(said: list[list[str]]) -> None:
    there = (
        "/airflow/api/v2/auth/login"
        "?next=%2Fairflow%2Ftechner%2Frun%2Fa%2520b%253F%3Freport%3Dtrue%26x%3Da%2520b"
    )
    assert [where for name, where in (line for line in said if line[0] == "login" and line[1] != "of")] == [
        there,
        there,
        "401",
    ]


def test_who_may_edit_the_dag_acts_and_a_viewer_only_looks(said: list[list[str]]) -> None:
    found = {role: may for _, role, *may in (line for line in said if line[0] == "visitor")}
    assert found == {
        "VIEWER": ["airflow:ada", "False", "True", "True"],
        "USER": ["airflow:ada", "True", "True", "True"],
        "ADMIN": ["airflow:ada", "True", "True", "True"],
    }


def test_each_right_is_one_part_of_the_dag(said: list[list[str]]) -> None:
    found = {part: may for _, part, *may in (line for line in said if line[0] == "without")}
    assert found == {
        "None": ["False", "True", "True"],
        "TASK_LOGS": ["True", "False", "True"],
        "XCOM": ["True", "True", "False"],
    }


def test_each_move_of_production_is_noticed_once_though_the_store_was_down(said: list[list[str]]) -> None:
    assert ["fired", "1", "2", "3"] in said


def test_who_may_not_edit_the_dag_may_not_answer(said: list[list[str]]) -> None:
    people = {role: who for name, role, who in (line for line in said if line[0] == "person")}
    assert people == {"VIEWER": "None", "USER": "airflow:ada", "ADMIN": "airflow:ada"}


def test_who_may_not_trigger_the_dag_starts_no_night(said: list[list[str]]) -> None:
    people = {line[1]: line[2] for line in said if line[0] == "starter"}
    assert people == {"VIEWER": "None", "USER": "airflow:ada", "ADMIN": "airflow:ada"}


def test_what_airflow_refuses_or_cannot_do_is_told_and_an_unknown_run_has_no_times(
    said: list[list[str]],
) -> None:
    broken, refused, unknown = (" ".join(line[1:]) for line in said if line[0] == "airflow")
    assert broken.startswith("Busy Airflow could not answer: ")
    assert refused == "RegistryError Airflow refused: the DAG has import errors"
    assert unknown == "()"


def test_airflow_says_which_nights_failed_since_the_last_success_and_which_ask(said: list[list[str]]) -> None:
    failed, asking, state, *unknown = (line[1:] for line in said if line[0] == "nights")
    assert failed == ["night", "('d',", "'c')"]
    assert asking[:3] == ["night", "{'c':", "datetime.datetime(2026,"]
    assert "'b':" not in asking
    assert state == ["night", "failed"]
    assert unknown == [["unknown", "None"]] * 3


def test_a_waiting_question_takes_the_answer_in_the_store(said: list[list[str]]) -> None:
    assert ["event", "store", "None"] in said


def test_a_waiting_question_takes_the_answer_in_airflow_where_the_store_is_down(
    said: list[list[str]],
) -> None:
    assert ["event", "airflow", "['reject']"] in said


def test_a_question_that_was_never_put_is_put_by_the_next_try(said: list[list[str]]) -> None:
    assert ["event", "no", "question", "None"] in said


def test_nights_begin_by_the_clock_by_arrival_or_both(said: list[list[str]]) -> None:
    begins = [" ".join(words) for name, *words in said if name == "begins"]
    assert begins == [
        "0 2 * * * in UTC, looks every []",
        "30 4 * * 1-5 in Europe/Berlin, looks every []",
        "off in none, looks every []",
        "off in none, looks every [7]",
        "0 2 * * * in UTC, looks every [120]",
        "nights.timezone is 'Mars/Olympus': give a name like Europe/Berlin, or UTC",
        "nights.schedule is '61 2 * * *': [61 2 * * *] is not acceptable, out of range",
    ]


def test_collections_begin_by_the_clock_or_not_at_all(said: list[list[str]]) -> None:
    begins = [" ".join(words) for name, *words in said if name == "collects"]
    assert begins == [
        "0 12 * * 0",
        "never",
        "collection.schedule is '61 2 * * *': [61 2 * * *] is not acceptable, out of range",
        "collection.timezone is 'Mars/Olympus': give a name like Europe/Berlin, or UTC",
    ]


def test_an_arrival_in_a_folder_or_in_s3_is_told_once_and_remembered_as_a_removal_is(
    said: list[list[str]],
) -> None:
    told = [words for name, *words in said if name == "arrives"]
    assert told == [["a.jsonl"], ["b.jsonl"], ["remembered"], ["nothing"]] * 2


def test_of_many_missed_nights_only_the_last_is_made_up_for(said: list[list[str]]) -> None:
    assert ["missed", "True", "False"] in said


def test_a_night_waits_for_nights_at_work_and_not_for_those_that_ask_or_have_ended(
    said: list[list[str]],
) -> None:
    assert [words for name, *words in said if name == "turns"] == [
        ["working", "trains", "answered"],
        ["asking", "asks", "retries"],
    ]


def test_a_notice_escapes_foreign_text_and_leads_to_the_night(said: list[list[str]]) -> None:
    mail = next(" ".join(words) for name, *words in said if name == "notice")
    assert mail.startswith(
        "['a@b.c'] techner: rejected <p>Rejected: held &lt;!channel&gt; &amp; {{ 7 * 7 }}.jsonl.</p>"
    )
    assert "/plugin/techner/techner/tab/techner_nightly/night%2B1" in mail


def test_a_webhook_is_told_what_it_asks_for(said: list[list[str]]) -> None:
    told = next(" ".join(words) for name, *words in said if name == "notice" and words[:1] == ["hook"])
    assert "'event': 'rejected', 'dag': 'techner_nightly', 'run': 'night+1'" in told


def test_a_notice_without_its_provider_is_refused_with_what_to_install(said: list[list[str]]) -> None:
    refused = [" ".join(words) for name, *words in said if name == "notice"]
    missing = "apache-airflow-providers-slack"
    assert f"notices.slack is set, but {missing} is not installed: install it" in refused


def test_an_event_that_nobody_wants_to_know_is_not_told(said: list[list[str]]) -> None:
    assert [words for name, *words in said if name == "notice"][-1] == []


def test_a_question_stands_though_its_notice_cannot_be_sent(said: list[list[str]]) -> None:
    assert ["asks", "Publish?", "It", "is", "**open**."] in said


def test_figures_go_where_airflow_sends_its_own(said: list[list[str]]) -> None:
    sent = [words for name, *words in said if name == "sends"]
    assert sent[:2] == [["techner.batches.pending", "3"], ["techner.verdicts.reject", "+1"]]


def test_figures_of_one_of_several_models_bear_its_name(said: list[list[str]]) -> None:
    """Without tags, StatsD would keep one figure for all."""
    sent = [words[0] for name, *words in said if name == "sends"]
    assert sent[2:] == ["techner.legal.verdicts.reject", "techner.legal.seconds.judge"]


def test_a_failed_or_late_night_is_told_with_what_is_known_of_it(said: list[list[str]]) -> None:
    told = [" ".join(words).partition("</p>")[0] for name, *words in said if name == "tells"]
    assert told == [
        "<p>Failed in reject (task_failure). Its log says why.",
        "<p>Failed (timed_out). Its log says why.",
        "<p>Not over in time: it was queued at 2:00.",
    ]


def test_a_task_keeps_the_cache_within_what_the_settings_of_its_model_say(said: list[list[str]]) -> None:
    assert [words for name, *words in said if name == "evicts"] == [
        ["watched", "20000000000"],
        ["legal", "5000"],
    ]


def several(said: list[list[str]]) -> dict[str, list[object]]:
    """Return what each address answers where there are several models: code, words in it, redirect."""
    shown = [json.loads(" ".join(line[1:])) for line in said if line[0] == "several"]
    return {what: answer for what, *answer in shown}


def test_the_pages_of_each_model_show_its_own_store(said: list[list[str]]) -> None:
    shown = several(said)
    assert shown["legal"] == [200, ["of-legal"], ""]
    assert shown["medical for all"] == [200, ["of-medical"], ""]
    assert shown["legal without a final slash"][2] == "http://testserver/techner/model/legal/"


def test_who_may_read_one_dag_sees_the_pages_of_its_model_alone(said: list[list[str]]) -> None:
    shown = several(said)
    assert shown["choice"] == [200, ["model/legal/"], ""]
    assert shown["medical"] == shown["medical api"] == [403, [], ""]
    assert shown["choice of all"] == [200, ["gate.seed is", "model/legal/", "model/medical/"], ""]


def test_settings_that_are_wrong_stop_the_pages_of_their_model_alone(said: list[list[str]]) -> None:
    assert several(said)["broken"] == [500, ["gate.seed is"], ""]


def test_a_tab_leads_to_the_pages_of_the_model_of_its_dag(said: list[list[str]]) -> None:
    shown = several(said)
    there = "../../model/legal/tab/techner_legal/night%2B1"
    assert shown["tab"] == [303, [], there]
    assert (shown["tab of no night"][0], shown["unknown"][0]) == (200, 404)


def test_an_address_of_the_time_of_one_model_leads_to_the_run_of_one_that_may_be_seen(
    said: list[list[str]],
) -> None:
    assert several(said)["old run"] == [303, [], "../model/legal/run/night-of-old"]


def test_a_form_of_one_model_is_none_of_another(said: list[list[str]]) -> None:
    """The nights of two models have the same id."""
    assert ["tokens", "3"] in said


def test_a_login_leads_back_to_the_pages_of_the_model(said: list[list[str]]) -> None:
    (where,) = (words[0] for name, *words in said if name == "returns")
    assert where == "/api/v2/auth/login?next=%2Ftechner%2Fmodel%2Flegal%2Fmodels"


def test_a_trigger_looks_into_the_store_of_its_model(said: list[list[str]]) -> None:
    """One triggerer serves the DAGs of all models."""
    looked = {model: found for name, model, *found in (line for line in said if line[0] == "triggers")}
    assert looked == {"watched": ["True", "1", "1"], "legal": ["False", "0", "0"]}


def test_datasets_are_named_as_openlineage_names_objects_and_files(said: list[list[str]]) -> None:
    names, told = (words for name, *words in said if name == "lineage")
    assert names == ["s3://models", "ner/inbox/a", "file", "/a", "b/inbox/a"]
    assert told == ["told", "None"]
