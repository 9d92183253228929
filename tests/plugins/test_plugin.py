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
for path in ("/", f"/download/{{version}}", f"/report/{{version}}", "/start"):
    bad = client.get(path, headers={{"Authorization": "Bearer nonsense"}})
    print("answers", client.get(path).status_code, bad.status_code)
print("posts", client.post("/run/night-1", data={{"end": "reject"}}).status_code)

from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
DagModel.get_team_name = lambda dag_id: None  # there is no database
for role in ("VIEWER", "USER", "ADMIN"):
    print("person", role, techner_plugin._person()(user=SimpleAuthManagerUser(username="ada", role=role)))

from fastapi import HTTPException, Request
from techner_scheduler import AirflowAsPerson, scheduler_of_person
airflow = FastAPI()

@airflow.post("/api/v2/dags/night/dagRuns")
def refuse():
    raise HTTPException(400, "the DAG has import errors")

@airflow.get("/api/v2/dags/night")
def broken():
    raise ValueError("the database is down")

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

from airflow.sdk.api.datamodels._generated import HITLDetailResponse
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse
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

answered, broken = sys.argv[1:]
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
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TECHNER_STORE": "s3://nobody/nowhere",
        "TECHNER_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root / "answered"), str(root / "broken")],
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
    assert [codes for name, *codes in said if name == "answers"] == [["401", "403"]] * 4


def test_nobody_answers_without_a_token(said: list[list[str]]) -> None:
    assert [codes for name, *codes in said if name == "posts"] == [["401"]]


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


def test_a_waiting_question_takes_the_answer_in_the_store(said: list[list[str]]) -> None:
    assert ["event", "store", "None"] in said


def test_a_waiting_question_takes_the_answer_in_airflow_where_the_store_is_down(
    said: list[list[str]],
) -> None:
    assert ["event", "airflow", "['reject']"] in said


def test_a_question_that_was_never_put_is_put_by_the_next_try(said: list[list[str]]) -> None:
    assert ["event", "no", "question", "None"] in said
