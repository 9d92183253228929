"""All of Airflow, as `make up` starts it, on a small store: for tests and benchmarks."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import spacy

from tests.waiting import LIMIT_S, until
from tests.world import OPEN_GATE
from tools.local.environment import password_file

ROOT = Path(__file__).parents[1]
POLICIES = OPEN_GATE | {
    "TECHNER_CORPUS__HOLDOUT_SHARE": "0",
    "TECHNER_TRAINING__EPOCHS": "1",
}
DAG = "/api/v2/dags/techner_nightly"


def tiny_origin(state: Path) -> str:
    """Initialise the store of `state` with an untrained pipeline by command line; returns the version."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PERSON")  # type: ignore[attr-defined]
    nlp.initialize()
    nlp.to_disk(state / "base")
    names = ("Ada", "Grace", "Alan", "Barbara", "Edsger", "Donald", "Frances", "Ken", "Radia", "Tim") * 3
    lines = [
        json.dumps({"text": f"{name} wrote line {number}.", "label": [[0, len(name), "PERSON"]]})
        for number, name in enumerate(names)
    ]
    (state / "reference.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from techner.cli import main; main()", "init"),
            *("--base", str(state / "base"), "--reference", str(state / "reference.jsonl")),
        ],
        env=os.environ | {"TECHNER_STORE": str(state / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@contextmanager
def reserved_port() -> Iterator[int]:
    """Hold a free loopback port for a server that binds with SO_REUSEADDR: no other process is given it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@contextmanager
def running(state: Path, port: int, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `up` with settings of techner and Airflow, until it says that it is ready."""
    told = state / "told.txt"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.local", "up", "--port", str(port), "--state", str(state)],
            cwd=ROOT,
            env=os.environ | dict(settings),
            stdout=out,
            stderr=out,
        )
    try:
        until(
            lambda: "Ctrl-C" in told.read_text() or process.poll() is not None,
            "`up` to say that it is ready",
            last_seen=told.read_text,
        )
        assert process.poll() is None, told.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_S)


def password(state: Path, user: str) -> str:
    """Return the password that Airflow made for a user."""
    return str(json.loads(password_file(state / "airflow").read_text())[user])


def log_in(address: str, state: Path, user: str = "admin") -> str:
    """Return a token of the user."""
    login = {"username": user, "password": password(state, user)}
    answer = httpx.post(f"{address}/auth/token", json=login, timeout=LIMIT_S)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def taken(answer: httpx.Response) -> httpx.Response | None:
    """Return an answer of Airflow, None for one to ask for again.

    On SQLite it answers 500 where it waits for another process that writes, and gives up in 5 s.
    """
    return None if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR else answer


def task_states(client: httpx.Client, run: str) -> dict[str, str]:
    answer = until(lambda: taken(client.get(f"{run}/taskInstances")), "the states of the tasks")
    return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}


def answer_at_once(client: httpx.Client, run: str, reason: str, option: str = "publish") -> None:
    """Answer in Airflow's form as soon as the question is there and open."""
    question = f"{run}/taskInstances/ask/-1/hitlDetails"

    def is_open() -> bool:
        found = client.get(question)
        return found.is_success and not found.json()["response_received"]

    until(is_open, "the question to be open", last_seen=lambda: task_states(client, run))
    answer = {"chosen_options": [option], "params_input": {"reason": reason}}

    sent = until(lambda: taken(client.patch(question, json=answer)), "the answer to be taken")
    sent.raise_for_status()
