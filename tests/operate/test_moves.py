"""Moves of an alias whose process or store failed half-way: done once, and told in the end."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from techner.cli.app import app
from techner.core.errors import AliasConflict, RegistryError, StoreError
from techner.inbox.survey import Status, survey
from techner.night.plan import plan
from techner.night.reject import reject
from techner.registry import Registry
from techner.runs.completion import untold
from techner.runs.judgements import Word, judgements
from techner.store import FolderStore
from techner.web import create_app
from tests.moves import promote, publish, roll_back
from tests.world import WHEN, WORD, World, quick

WHY = Word(who="ada", when=WHEN, why="finds ghosts")


class NoDelete(FolderStore):
    """Deletes no reservation."""

    def delete(self, key: str) -> None:
        if key.startswith("runs/"):
            raise StoreError(f"no answer for {key}")
        super().delete(key)


class NoJudgement(FolderStore):
    """Writes no judgement: what a process leaves that was killed before it."""

    def create(self, key: str, data: bytes) -> None:
        if key.startswith("judgements/"):
            raise StoreError(f"killed at {key}")
        super().create(key, data)


def on(world: World, kind: type[FolderStore]) -> World:
    return replace(world, store=kind(Path(world.store.url.removeprefix("file://"))))


@pytest.fixture
def twice(judged: World) -> World:
    """Return a world after two promoted nights."""
    publish(judged.run("run-2"), WORD)
    return judged


@pytest.fixture
def killed(judged: World) -> World:
    """Return a world whose second night was promoted and killed before it was written down."""
    with pytest.raises(StoreError):
        publish(on(judged, NoJudgement).run("run-2"), WORD)
    return judged


def told(world: World) -> list[tuple[str, str]]:
    return [(record.id, record.outcome) for _, record in judgements(world.store).records()]


def test_a_rollback_whose_clean_up_fails_is_done_and_says_what_is_left(
    twice: World, caplog: pytest.LogCaptureFixture
) -> None:
    _, manifest = Registry(twice.store).production()
    with caplog.at_level(logging.WARNING):
        target, held = roll_back(on(twice, NoDelete).run("rollback-1"), WHY)
    assert (target, held) == (manifest.parent, ("second.jsonl",))
    assert "techner run abandon rollback-1" in caplog.text


def test_a_promotion_and_a_publication_whose_clean_up_fails_are_done(judged: World) -> None:
    version = publish(on(judged, NoDelete).run("run-2"), WORD)
    assert told(judged)[0] == ("run-2", "promoted")
    promote(on(judged, NoDelete).run("pin"), WHY, version=version, alias="audit")
    assert [record.version for _, record in Registry(judged.store).log("audit").records()] == [version]


def test_a_second_rollback_asks_for_the_version(twice: World) -> None:
    origin = Registry(twice.store).production()[1].origin or ""
    first, _ = roll_back(twice.run("rollback-1"), WHY)
    with pytest.raises(
        RegistryError, match=f"already went back .*ada: rollback: finds ghosts.*--to {origin}"
    ):
        roll_back(twice.run("rollback-2"), WHY)
    assert Registry(twice.store).production()[0] == first
    states = survey(twice.store, quick(), cache=twice.cache)
    assert {state.ref.name: state.status for state in states} == {
        "first.jsonl": Status.IN_PRODUCTION,
        "second.jsonl": Status.HELD,
    }
    assert roll_back(twice.run("rollback-3"), WHY, to=origin)[0] == origin


def test_nothing_moves_from_another_version_than_was_seen(twice: World) -> None:
    live, manifest = Registry(twice.store).production()
    goal, other = manifest.parent or "", "0000-0123456789abcdef"
    with pytest.raises(AliasConflict, match=rf"names {live}, no longer {other}"):
        roll_back(twice.run("rollback-1"), WHY, to=goal, seen=other)
    assert Registry(twice.store).production()[0] == live
    roll_back(twice.run("rollback-1"), WHY, to=goal, seen=live)
    with pytest.raises(AliasConflict, match=rf"names {goal}, no longer {live}"):
        promote(twice.run("promote"), WHY, version=live, seen=live)
    assert Registry(twice.store).production()[0] == goal


def test_a_rollback_after_a_promotion_needs_no_version(twice: World) -> None:
    version, manifest = Registry(twice.store).production()
    roll_back(twice.run("rollback-1"), WHY)
    promote(twice.run("promote"), WHY, version=version)
    assert roll_back(twice.run("rollback-2"), WHY)[0] == manifest.parent


def test_a_promoted_night_that_was_killed_before_its_judgement_is_listed_and_shown(
    killed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, _ = Registry(killed.store).production()
    monkeypatch.setenv("TECHNER_STORE", killed.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(killed.cache))
    listed = CliRunner().invoke(app, ["run", "list"], catch_exceptions=False).stdout
    assert "promoted  run-2" in listed
    page = TestClient(create_app(lambda: killed.store)).get("/").text
    assert 'href="run/run-2"' in page
    assert version in page
    assert told(killed) == [("night-1", "promoted")]  # who only looks writes nothing


@pytest.mark.parametrize("meanwhile", ["nothing", "rollback"])
def test_a_promoted_night_that_was_killed_is_told_by_the_next_plan(killed: World, meanwhile: str) -> None:
    moved = Registry(killed.store).log().newest()
    if meanwhile == "rollback":
        roll_back(killed.run("rollback"), WHY)
    assert plan(killed.run("run-3"), quick()) is None
    newest = judgements(killed.store).newest()
    assert moved
    assert newest
    assert (newest.record.id, newest.record.outcome) == ("run-2", "promoted")
    assert (newest.record.version, newest.record.when) == (moved.record.version, moved.record.when)
    assert plan(killed.run("run-4"), quick()) is None
    assert len(told(killed)) == 2


def test_a_promoted_night_that_was_killed_is_not_superseded_when_it_is_tried_again(killed: World) -> None:
    roll_back(killed.run("rollback"), WHY)
    with pytest.raises(RegistryError, match=r"is decided already \(promoted\)"):
        publish(killed.run("run-2"), WORD)
    assert told(killed) == [("run-2", "promoted"), ("night-1", "promoted")]


def test_a_promoted_night_that_was_killed_cannot_be_rejected(killed: World) -> None:
    with pytest.raises(RegistryError, match="not waiting for a decision: promoted"):
        reject(killed.run("run-2"), WORD)


def test_a_night_that_only_waits_is_not_told_as_promoted(judged: World) -> None:
    moves = [move for _, move in Registry(judged.store).log().records()]
    assert untold(judged.store, (), moves) == ()
