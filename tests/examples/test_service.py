"""The example service, started for real: a move under load fails no request and mixes no answer."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from techner.client import ModelStore
from techner.registry import Registry
from tests.waiting import until
from tests.world import WHEN, World, tech_batch

ROOT = Path(__file__).parents[2]
# Long ones: a move should find requests under way.
TEXTS = [" ".join(example.text for example in tech_batch(start, start + 60)) for start in (200, 260)]
Entities = list[tuple[int, int, str]]


@contextmanager
def served(world: World) -> Iterator[httpx.Client]:
    """Run the service on a free loopback port; the socket is ours, so no other process can take the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        environment = os.environ | {
            "TECHNER_STORE": world.store.url,
            "TECHNER_CACHE": str(world.cache),
            "POLL_S": "0.1",
        }
        command = [sys.executable, "-m", "uvicorn", "--app-dir", "examples/service", "service:app"]
        command += ["--fd", str(listening.fileno()), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[listening.fileno()])
        try:
            address = "http://{}:{}".format(*listening.getsockname())
            with httpx.Client(base_url=address, timeout=60) as client:
                yield client
        finally:
            process.terminate()
            process.wait()


class Load(threading.Thread):
    """One user who asks without a pause, and keeps every answer."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self.client, self.stopped = client, threading.Event()
        self.answers: list[tuple[str, str, Entities]] = []
        self.failed: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            for text in TEXTS:
                self.ask(text)

    def ask(self, text: str) -> None:
        try:
            answer = self.client.post("/entities", json={"text": text}).raise_for_status().json()
        except httpx.HTTPError as error:
            self.failed.append(str(error))
            return
        found = [(entity["start"], entity["end"], entity["label"]) for entity in answer["entities"]]
        self.answers.append((text, answer["version"], found))


def expected(models: ModelStore, version: str) -> dict[tuple[str, str], Entities]:
    nlp = models.load(version)
    return {
        (text, version): [(ent.start_char, ent.end_char, ent.label_) for ent in nlp(text).ents]
        for text in TEXTS
    }


def move(world: World, to: str, client: httpx.Client, users: list[Load]) -> None:
    """Move production under load, and wait until the service serves it and has answered with it a while."""
    live, _ = Registry(world.store).production()
    Registry(world.store).move(to, expected=live, who="t", why="t", when=WHEN)
    until(lambda: client.get("/health").json()["version"] == to, f"the service to serve {to}")
    after = [len(user.answers) + 2 * len(TEXTS) for user in users]
    until(
        lambda: all(len(user.answers) >= least for user, least in zip(users, after, strict=True)),
        f"answers of every user with {to}",
        last_seen=lambda: [(len(user.answers), user.failed) for user in users],
    )


@pytest.fixture
def users() -> Iterator[list[Load]]:
    made: list[Load] = []
    yield made
    for user in made:
        user.stopped.set()
        user.join()


def test_rollback_and_promotion_under_load_fail_no_request_and_mix_no_answer(
    promoted: World, users: list[Load]
) -> None:
    new, manifest = Registry(promoted.store).production()
    old = manifest.parent or ""
    models = ModelStore(promoted.store.url, cache=promoted.cache)
    right = expected(models, new) | expected(models, old)
    assert any(right[text, new] != right[text, old] for text in TEXTS)
    with served(promoted) as client:
        client.get("/health").raise_for_status()
        users += [Load(client) for _ in range(2)]
        for user in users:
            user.start()
        for version in (old, new):
            move(promoted, version, client, users)
        for user in users:
            user.stopped.set()
            user.join()
    assert [user.failed for user in users] == [[], []]
    answers = [answer for user in users for answer in user.answers]
    assert {version for _, version, _ in answers} == {old, new}
    assert all(found == right[text, version] for text, version, found in answers)


def test_health_says_what_serves_and_why_nothing_newer_does(promoted: World) -> None:
    version = Registry(promoted.store).production()[0]
    with served(promoted) as client:
        fine: dict[str, Any] = client.get("/health").json()
        (promoted.cache.parent / "world" / "aliases").rename(promoted.cache.parent / "away")
        until(lambda: client.get("/health").json()["error"], "the service to tell of the store")
        ill = client.get("/health").json()
        still = client.post("/entities", json={"text": TEXTS[0]}).json()["version"]
    assert fine == {"version": version, "is_polling": True, "error": None}
    assert "vanished" in ill["error"]
    assert still == version
