"""`techner doctor`: what it prints and how it exits."""

import json
import re

import pytest
from typer.testing import CliRunner, Result

from techner.cli.app import app
from techner.registry import Registry
from techner.registry.blobs import blob_key
from tests.nights import copy_night
from tests.world import World, tech_batch


@pytest.fixture
def techner(promoted: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Point the settings at a store after one promoted night."""
    monkeypatch.setenv("TECHNER_STORE", promoted.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(promoted.cache))
    return promoted


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments], catch_exceptions=False)


@pytest.mark.usefixtures("techner")
def test_exit_3_where_a_set_is_too_small_for_its_margin() -> None:
    found = call()
    assert found.exit_code == 3
    assert re.search(r"pretrained micro F1 .* 0\.5 .* about \d+ ", found.stdout)
    assert "the gate asks a person more often" in " ".join(found.stdout.split())


@pytest.mark.usefixtures("techner")
def test_exit_0_where_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MICRO_MARGIN", "MACRO_MARGIN"):
        monkeypatch.setenv(f"TECHNER_GATE__{name}", "0.3")
    monkeypatch.setenv("TECHNER_GATE__LABEL_DROP", "0.5")
    found = call()
    assert found.exit_code == 0, found.stdout
    assert "✗" not in found.stdout


def test_exit_1_where_the_store_is_damaged(techner: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Registry(techner.store).production()[1].files[0]
    techner.store.put(blob_key(entry.sha256), b"damaged")
    monkeypatch.setenv("TECHNER_CACHE", str(techner.cache / "fresh"))
    found = call()
    assert found.exit_code == 1
    assert "✗ production" in found.stdout


@pytest.mark.usefixtures("techner")
def test_json_holds_findings_and_what_each_check_can_show() -> None:
    found = json.loads(call("--json").stdout)
    assert {"store", "production"} <= {finding["what"] for finding in found["findings"]}
    micro = next(reach for reach in found["reaches"] if reach["check"] == "pretrained micro F1")
    assert micro["needed"] > micro["support"]
    assert micro["is_enough"] is False


def test_past_nights_that_differ_say_what_half_and_twice_the_texts_would_do(
    techner: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = {"EPOCHS": "4", "BATCH_WORDS": "100", "LEARNING_RATE": "0.004"}  # those of the first night
    for name, value in training.items():
        monkeypatch.setenv(f"TECHNER_TRAINING__{name}", value)
    for number, texts in enumerate((30, 60, 240, 100)):
        copy_night(techner, f"dry-{number}", texts=texts)
    found = call("--replay")
    assert found.exit_code == 0, found.stderr
    assert re.findall(r"(\d+) rehearsal texts \((\w+)", found.stdout) == [
        ("50", "half"),
        ("100", "same"),
        ("200", "double"),
    ]
    assert "that may be chance" in found.stdout


@pytest.mark.usefixtures("techner")
def test_past_nights_that_replayed_alike_cannot_say_how_much_it_takes() -> None:
    found = call("--replay")
    assert found.exit_code == 3
    assert found.stdout == ""
    assert "`techner doctor --replay --measure 2`" in " ".join(found.stderr.split())


def test_trials_say_what_other_amounts_would_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "TECHNER_STORE": world.store.url,
        "TECHNER_CACHE": str(world.cache),
        "TECHNER_TRAINING__EPOCHS": "1",
        "TECHNER_CORPUS__REHEARSAL_TEXTS": "120",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    world.deliver("first.jsonl", tech_batch(0, 60))
    found = call("--replay", "--measure", "1", "--json")
    assert found.exit_code == 0, found.stderr
    answer = json.loads(found.stdout)
    assert [row["amount"] for row in answer["forecasts"]] == [60, 120, 240]
    assert len(answer["nights"]) == 4
    assert {name for row in answer["forecasts"] for name in row} >= {"old loss", "new F1"}


def test_measure_goes_with_replay() -> None:
    assert call("--measure", "2").exit_code == 2
