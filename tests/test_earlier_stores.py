"""Stores that earlier versions made: everything in them is still read, and the next night goes on from them.

`tests/data/stores` (see `tests/data/make_store.py`) and `../shared/stores` have one for each version, with an
origin, one promoted night and one rejected night.
"""

import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from techner.cli.app import app
from techner.client import ModelStore
from techner.core.delivery import BatchRef
from techner.core.examples import digest
from techner.core.records import BatchWord
from techner.documents import canonical, plain
from techner.inbox.decisions import decide
from techner.inbox.survey import Status, survey
from techner.night.plan import plan
from techner.operate.backup import back_up
from techner.operate.collect import collect
from techner.registry import Registry
from techner.registry.lineage import PART_BATCHES, learnt
from techner.registry.verify import verify_store
from techner.registry.versions import manifest_key
from techner.runs.judgements import Word, judgements
from techner.store import FolderStore, MemoryStore
from techner.web import create_app
from tests.moves import promote, publish, roll_back
from tests.world import POLICIES, WHEN, WORD, World, quick

KEPT = Path(__file__).parent / "data" / "stores"
STORES = Path(__file__).parents[1].parent / "shared" / "stores"
SHARED = [path.name for path in STORES.iterdir() if path.is_dir()] if STORES.is_dir() else []
ABSENT: Any = pytest.param("none", marks=pytest.mark.skip(reason="needs ../shared/stores"))
WHY = Word(who="test", when=WHEN, why="tried")
QUICK = quick(replace(POLICIES, corpus=replace(POLICIES.corpus, rehearsal_texts=20, memory_per_label=10)))

NAMES: list[Any] = [*sorted(path.name for path in KEPT.iterdir()), *(SHARED or [ABSENT])]
pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def world(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a copy of an earlier store, with the settings pointing at it."""
    if (KEPT / name).is_file():
        with tarfile.open(KEPT / name) as archive:
            archive.extractall(tmp_path / "store", filter="data")
    else:
        shutil.copytree(STORES / name, tmp_path / "store")
    world = World(FolderStore(tmp_path / "store"), tmp_path / "cache")
    monkeypatch.setenv("TECHNER_STORE", world.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(world.cache))
    return world


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("world")
def test_every_command_that_shows_something_shows_it() -> None:
    origin, live = (version["version"] for version in json.loads(said("model", "list", "--json")))
    assert [run["outcome"] for run in json.loads(said("run", "list", "--json"))] == ["rejected", "promoted"]
    for run in json.loads(said("run", "list", "--json")):
        assert "<html" in said("run", "report", run["id"])
    assert [move["version"] for move in json.loads(said("model", "history", "--json"))] == [live, origin]
    assert json.loads(said("model", "show", "--json"))["version"] == live
    assert "Verdict: promote" in said("model", "show")
    assert "PROTOCOL" in said("model", "card")
    assert "+ label PROTOCOL" in said("model", "diff", origin)
    assert "every file is present" in CliRunner().invoke(app, ["model", "verify"]).stderr
    for delivery in json.loads(said("batch", "list", "--json")):
        told = said("batch", "show", delivery["name"])
        assert (f"Version {live} has learnt it." in told) == (delivery["status"] == "in production")


def test_the_pages_and_the_reports_of_its_runs_are_shown(world: World) -> None:
    pages = TestClient(create_app(lambda: world.store))
    runs = [record.id for _, record in judgements(world.store).records()]
    for path in ("/", *(f"/run/{run}" for run in runs), f"/report/{Registry(world.store).production()[0]}"):
        assert pages.get(path).status_code == 200
    assert all(run in pages.get("/runs").text for run in runs)


def test_its_model_is_pulled_and_finds_new_and_old_entities(world: World) -> None:
    nlp = ModelStore(world.store.url, cache=world.cache).load()
    found = {ent.label_ for ent in nlp("Linus Torvalds wrote Python code for TLS in Finland.").ents}
    assert {"PERSON", "GPE"} & found
    assert {*Registry(world.store).production()[1].new_labels} & found


def test_production_is_rolled_back_and_promoted_forward_again(world: World) -> None:
    live, manifest = Registry(world.store).production()
    target, held = roll_back(world.run("rollback"), WHY)
    assert target == manifest.parent
    assert set(held) == {batch.name for batch in manifest.lineage.batches}
    promote(world.run("promote"), WHY, version=live)
    assert [record.version for _, record in Registry(world.store).log().records()] == [
        live,
        target,
        live,
        target,
    ]
    assert list(verify_store(world.store, list(Registry(world.store).versions()))) == []


def test_a_collection_leaves_its_production_whole(world: World) -> None:
    live, _ = Registry(world.store).production()
    collect(world.store, replace(WORD, when=WHEN.replace(year=WHEN.year + 9)), keep_days=0)
    assert Registry(world.store).production()[0] == live
    assert list(verify_store(world.store, list(Registry(world.store).versions()))) == []


def test_it_is_backed_up_whole(world: World, tmp_path: Path) -> None:
    copied = back_up(world.store, MemoryStore(), scratch=tmp_path, clock=lambda: WHEN)
    assert copied.faults == ()


def learn_many(world: World) -> None:
    """Move production to a version that lists many batches in its manifest, as an earlier techner did."""
    live, manifest = Registry(world.store).production()
    more = [BatchRef(name=f"{at}.jsonl", digest=digest(b"%d" % at)) for at in range(PART_BATCHES)]
    written = plain(manifest)
    del written["lineage"]["parts"]
    written["lineage"]["batches"] += map(plain, more)
    data = canonical(written)
    version = f"{manifest.number:04d}-{digest(data)[:16]}"
    world.store.create(manifest_key(version), data)
    Registry(world.store).move(version, expected=live, who="test", why="test", when=WHEN)


@pytest.mark.long
def test_a_next_night_goes_on_from_it_once_its_held_batch_is_released(world: World) -> None:
    learn_many(world)
    live, manifest = Registry(world.store).production()
    held = [s.ref for s in survey(world.store, QUICK, cache=world.cache) if s.status is Status.HELD]
    assert plan(world.run("run-0"), QUICK) is None
    for batch in held:
        decide(world.store, batch, BatchWord.RELEASE, who="test", why="looked at it", when=WHEN)
    world.until("judge", "run-1", QUICK)
    version = publish(world.run("run-1"), replace(WHY, approved=True))
    after = Registry(world.store).production()[1]
    assert (after.parent, after.number) == (live, manifest.number + 1)
    assert learnt(world.store, after) == (*manifest.lineage.batches, *held)
    assert [part.batches for part in after.lineage.parts] == [PART_BATCHES]
    assert [record.version for _, record in judgements(world.store).records(limit=1)] == [version]
    assert list(verify_store(world.store, [version])) == []
    assert set(roll_back(world.run("rollback"), WHY)[1]) == {batch.name for batch in held}
