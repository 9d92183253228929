"""`python -m tools.local up` as a person runs it: all of Airflow, the page, and a clean end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from techner.formats import write_examples
from techner.night.order import TASKS
from techner.registry import Registry
from techner.store import FolderStore
from tests.up import DAG, POLICIES, answer_at_once, log_in, reserved_port, running, task_states, tiny_origin
from tests.waiting import LIMIT_S, until
from tests.world import tech_batch

ASK_AIRFLOW_S = 0.5  # not oftener: the API server answers with CPU time that the night could use


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state folder of an `up` with a tiny origin, and one delivery that cannot be judged."""
    folder = tmp_path_factory.mktemp("state")
    tiny_origin(folder)
    FolderStore(folder / "store").create("inbox/one.jsonl", write_examples(tech_batch(0, 40)))
    return folder


@pytest.fixture(scope="module")
def up(state: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Start all of Airflow; a client that is logged in comes with it."""
    with reserved_port() as port, running(state, port, POLICIES) as process:
        address = f"http://127.0.0.1:{port}"
        token = log_in(address, state)
        with httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT_S
        ) as client:
            until(lambda: client.get(DAG).status_code == 200, "the DAG to be parsed", every_s=ASK_AIRFLOW_S)
            yield process, client


pytestmark = [pytest.mark.browser, pytest.mark.timeout(3 * LIMIT_S)]
Up = tuple[subprocess.Popen[bytes], httpx.Client]


def test_1_the_page_is_for_people_who_log_in(up: Up, state: Path) -> None:
    _, client = up
    assert httpx.get(f"{client.base_url}/techner/").status_code in (401, 403)
    page = client.get("/techner/")
    assert page.status_code == 200
    assert Registry(FolderStore(state / "store")).production()[0] in page.text
    assert client.get(DAG).json()["is_paused"]


def test_2_a_night_is_started_on_a_page_in_the_name_of_the_person(up: Up) -> None:
    _, client = up
    page = client.get("/techner/start")
    assert "The DAG is paused" in page.text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', page.text))
    refused = client.post("/techner/start", data=form | {"epochs": "abc"})
    assert refused.status_code == 422
    assert client.get(f"{DAG}/dagRuns").json()["total_entries"] == 0
    chosen = {"batches": "one.jsonl", "epochs": "3", "seed": ""}
    sent = client.post("/techner/start", data=form | chosen)
    assert sent.status_code == 303
    again = client.post("/techner/start", data=form | chosen)
    assert again.status_code == 409
    (run,) = client.get(f"{DAG}/dagRuns").json()["dag_runs"]
    assert run["dag_run_id"] == form["run"]
    assert run["conf"] == {"batches": ["one.jsonl"], "epochs": 3}
    assert (run["triggering_user_name"], run["triggered_by"], run["state"]) == ("admin", "ui", "queued")
    assert (
        f"/runs/{quote(form['run'], safe='')}" in client.get(f"/techner/start{sent.headers['Location']}").text
    )
    client.delete(f"{DAG}/dagRuns/{form['run']}").raise_for_status()  # the next test watches the schedule's


def test_3_a_person_answers_where_the_gate_asks_and_the_answer_is_kept(up: Up, state: Path) -> None:
    """No holdout was given, and none is taken from deliveries: nothing measures the new labels."""
    _, client = up
    runs = f"{DAG}/dagRuns"
    client.patch(DAG, json={"is_paused": False}).raise_for_status()
    found = until(
        lambda: client.get(runs).json()["dag_runs"],
        "the night of the schedule to begin",
        every_s=ASK_AIRFLOW_S,
    )
    run = f"{runs}/{found[0]['dag_run_id']}"
    until(
        lambda: client.get(f"{run}/taskInstances/ask/-1/hitlDetails").status_code == 200,
        "the gate to ask",
        every_s=ASK_AIRFLOW_S,
        last_seen=lambda: task_states(client, run),
    )
    body = client.get(f"{run}/taskInstances/ask/-1/hitlDetails").json()["body"]
    assert "| new micro F1 | floor | insufficient |" in body
    answer_at_once(client, run, " \n")
    answer_at_once(client, run, "read forty examples")
    until(
        lambda: client.get(run).json()["state"] in ("success", "failed"),
        "the night to end after the answer",
        every_s=ASK_AIRFLOW_S,
        last_seen=lambda: task_states(client, run),
    )
    assert task_states(client, run)["publish"] == "success"
    newest = Registry(FolderStore(state / "store")).log().newest()
    assert newest is not None
    assert newest.record.who == "airflow:admin"
    assert newest.record.why.startswith("read forty examples")
    page = client.get(f"/techner/run/{quote(found[0]['dag_run_id'])}").text
    assert "by airflow:admin although insufficient" in page
    assert f'/dags/techner_nightly/runs/{quote(found[0]["dag_run_id"], safe="")}" target="_top"' in page
    times = page.partition('<h2 id="times">')[2]
    assert re.findall(r'<th scope="row">(\w+)</th>', times)[:5] == [*TASKS[:5]]
    events = client.get("/api/v2/assets/events").json()["asset_events"]
    told = [event["extra"].get("version") for event in events]
    assert newest.record.version in told  # the origin is told too, by the DAG that announces moves


def test_4_consumers_hear_of_a_rollback_on_the_command_line(up: Up, state: Path) -> None:
    _, client = up
    origin = next(Registry(FolderStore(state / "store")).versions())
    techner = (sys.executable, "-c", "from techner.cli import main; main()")
    back = (*techner, "model", "rollback", "--to", origin, "--why", "wrong names")
    subprocess.run(back, check=True, env=os.environ | {"TECHNER_STORE": str(state / "store")})

    newest = Registry(FolderStore(state / "store")).log().newest()
    assert newest is not None
    assert newest.record.version == origin
    move = (origin, newest.record.number)  # the origin was told before, as an earlier move

    def told() -> list[tuple[object, object]]:
        answer = client.get("/api/v2/assets/events", params={"limit": 100})
        # Airflow on SQLite answers 500 where it cannot read while another process writes.
        events = answer.json()["asset_events"] if answer.is_success else []
        return [(event["extra"].get("version"), event["extra"].get("generation")) for event in events]

    until(lambda: move in told(), "the rollback to be told", every_s=ASK_AIRFLOW_S, last_seen=told)


def test_5_a_termination_leaves_nothing_behind(up: Up) -> None:
    process, _ = up
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=LIMIT_S) == 0
    assert len(children) >= 4
    assert [child for child in children if child.is_running()] == []
