"""The plugin as Airflow meets it: imported by every process, and open to the world unless it asks."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from techner.core.records import RunEnd
from techner.core.run_documents import Judged
from techner.core.verdict import Verdict
from techner.runs.documents import RunDocuments
from techner.runs.endings import begin
from techner.runs.judgements import Word
from techner.store import FolderStore
from tests.web.conftest import save_version

pytestmark = pytest.mark.xdist_group("plugin")
ROOT = Path(__file__).parents[2]
HEAVY = ("spacy", "boto3", "great_expectations", "pandas", "numpy", "techner", "airflow.api_fastapi.core_api")

# One process for all: Airflow takes seconds to import.
PROGRAM = f"""
import sys
sys.path.insert(0, "plugins")
import airflow.plugins_manager
before = set(sys.modules)
import techner_plugin
loaded = set(sys.modules) - before
print("loads", *sorted(loaded & set({HEAVY!r})))
from airflow.api_fastapi.app import init_auth_manager
from fastapi import FastAPI
from fastapi.testclient import TestClient
init_auth_manager(FastAPI())
client = TestClient(techner_plugin.app, raise_server_exceptions=False)
version = "0000-0123456789abcdef"
for path in ("/", f"/download/{{version}}", f"/report/{{version}}"):
    bad = client.get(path, headers={{"Authorization": "Bearer nonsense"}})
    print("answers", client.get(path).status_code, bad.status_code)
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
    print("person", role, techner_plugin._person()(user=user))
    asks = techner_plugin._visitor()(user=user)
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
    asks = techner_plugin._visitor()(user=user)
    print("without", part and part.value, asks.may_edit, asks.may_read, asks.may_download)
manager.__class__ = simple

import asyncio, os, uuid
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

answered, broken, moving = sys.argv[1:]
print("fired", *asyncio.run(fired(moving)))
print("event", "store", asyncio.run(event(answered, OPEN)))
print("event", "airflow", asyncio.run(event(broken, OPEN, NO)))
print("event", "no question", asyncio.run(event(broken, GONE)))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Return what the program says, run as an Airflow process of the checkout, with a home of its own."""
    root = tmp_path_factory.mktemp("stores")
    run = RunDocuments(store=FolderStore(root / "answered"), id="night-1")
    run.write(Judged(verdict=Verdict(checks=()), scores=(), made_from={}))
    begin(run, RunEnd.PUBLISH, Word(who="cli:ada", when=datetime(2026, 11, 20, tzinfo=UTC), why="read them"))
    (root / "broken").write_text("a file, no folder")
    moving = FolderStore(root / "moving")
    first = save_version(moving, number=0, parent=None, origin=None)
    save_version(moving, number=1, parent=first, origin=first)
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TECHNER_STORE": "s3://nobody/nowhere",
        "TECHNER_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *(str(root / name) for name in ("answered", "broken", "moving"))],
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
    assert [codes for name, *codes in said if name == "answers"] == [["401", "403"]] * 3


def test_nobody_answers_or_acts_without_a_token(said: list[list[str]]) -> None:
    assert [codes for name, *codes in said if name == "posts"] == [["401"]] * 2


def test_a_browser_without_a_valid_token_is_sent_to_airflows_login(said: list[list[str]]) -> None:
    there = (
        "/airflow/api/v2/auth/login"
        "?next=%2Fairflow%2Ftechner%2Frun%2Fa%2520b%253F%3Freport%3Dtrue%26x%3Da%2520b"
    )
    assert [where for name, where in (line for line in said if line[0] == "login")] == [there, there, "401"]


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


def test_a_waiting_question_takes_the_answer_in_the_store(said: list[list[str]]) -> None:
    assert ["event", "store", "None"] in said


def test_a_waiting_question_takes_the_answer_in_airflow_where_the_store_is_down(
    said: list[list[str]],
) -> None:
    assert ["event", "airflow", "['reject']"] in said


def test_a_question_that_was_never_put_is_put_by_the_next_try(said: list[list[str]]) -> None:
    assert ["event", "no", "question", "None"] in said
