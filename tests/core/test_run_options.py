"""What a person chooses for one run: read from a page, Airflow's form, or its API."""

import json
from dataclasses import replace

import pytest

from techner.core.errors import OptionsError
from techner.core.policy import Policies, TrainingPolicy
from techner.core.run_options import RunOptions, limits_of, read_options, strategies


def problems(**given: object) -> dict[str, str]:
    with pytest.raises(OptionsError) as refused:
        read_options(given)
    return refused.value.problems


def test_nothing_chosen_is_as_in_the_settings() -> None:
    policies = Policies(training=TrainingPolicy(seed=7, epochs=3))
    assert read_options({}) == RunOptions()
    assert RunOptions().applied_to(policies) == policies
    assert RunOptions().as_conf() == {}


def test_what_is_chosen_replaces_the_settings_and_nothing_else() -> None:
    policies = Policies(training=TrainingPolicy(seed=7, epochs=3, dropout=0.3))
    chosen = read_options({"seed": 0, "strategy": "blend"}).applied_to(policies)
    assert chosen == replace(policies, training=replace(policies.training, seed=0, strategy="blend"))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"epochs": " 33 "}, RunOptions(epochs=33)),
        ({"epochs": 33, "seed": "0"}, RunOptions(epochs=33, seed=0)),
        ({"epochs": " ", "seed": "", "strategy": "\t", "dry_run": "", "batches": ""}, RunOptions()),
        ({"epochs": None, "strategy": None, "batches": None, "dry_run": None}, RunOptions()),
        ({"strategy": "blend "}, RunOptions(strategy="blend")),
        ({"dry_run": "True"}, RunOptions(dry_run=True)),
        ({"dry_run": "false"}, RunOptions()),
        (
            {"batches": ["b.jsonl ", "", " ", "a.jsonl", "b.jsonl"]},
            RunOptions(batches=("b.jsonl", "a.jsonl")),
        ),
    ],
)
def test_blanks_and_words_for_numbers_are_read(given: dict[str, object], read: RunOptions) -> None:
    assert read_options(given) == read


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("seed", -1, "seed is -1: give a whole number from 0 to 4294967295, or nothing"),
        ("seed", "-1", "seed is '-1': give a whole number from 0"),
        ("epochs", "abc", "epochs is 'abc': give a whole number from 1 to 1000, or nothing"),
        ("epochs", "1001", "epochs is '1001': give a whole number from 1 to 1000"),
        ("epochs", "9" * 5000, "give a whole number from 1 to 1000"),
        ("epochs", "٣", "epochs is '٣'"),
        ("epochs", 3.0, "epochs is 3.0"),
        ("epochs", True, "epochs is True"),
        ("epochs", [3], r"epochs is [3]"),
        ("strategy", "exted", "strategy is 'exted': give extend or blend, or nothing"),
        ("strategy", ["extend"], "strategy is ['extend']"),
        ("dry_run", "perhaps", "dry_run is 'perhaps': give true or false"),
        ("dry_run", 1, "dry_run is 1"),
        ("batches", "monday.jsonl", "batches is 'monday.jsonl': give a list of names in the inbox"),
        ("batches", ["monday.jsonl", 3], "give a list of names"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_give(name: str, value: object, told: str) -> None:
    found = problems(**{name: value})
    assert list(found) == [name]
    assert told in found[name]
    assert len(found[name]) < 200


def test_an_unknown_option_is_refused_with_what_was_meant() -> None:
    assert problems(epoch=3)["epoch"] == "'epoch' is no option of a run: did you mean epochs?"
    assert "give batches, strategy, seed, epochs, dry_run, or nothing" in problems(wild=3)["wild"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(OptionsError, match=r"seed is -1: .*; epochs is 'abc': ") as refused:
        read_options({"epochs": "abc", "seed": -1})
    assert set(refused.value.problems) == {"seed", "epochs"}


def test_what_was_chosen_passes_through_json() -> None:
    chosen = RunOptions(batches=("a", "b"), strategy="blend", seed=0, epochs=3, dry_run=True)
    assert read_options(json.loads(json.dumps(chosen.as_conf()))) == chosen


def test_pages_show_the_limits_that_are_checked() -> None:
    assert (limits_of("epochs").least, limits_of("epochs").most) == (1, 1000)
    assert strategies() == ("extend", "blend")
