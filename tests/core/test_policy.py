"""Policies: every field is bounded, wherever a policy is made."""

import json
import math
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest

from techner.core.bounds import bounds_of, is_label, types_of
from techner.core.errors import IntegrityError, PolicyError, SettingsError
from techner.core.policy import GatePolicy, Policies, TrainingPolicy
from techner.documents import dump, parse
from techner.uptraining.strategy import STRATEGIES

ROOMS = [getattr(Policies(), field.name) for field in fields(Policies)]
NUMBERS = [
    (policy, name)
    for policy in ROOMS
    for name, kind in types_of(type(policy)).items()
    if kind in (int, float, int | None, float | None)
]
WORDS = [
    (policy, name)
    for policy in ROOMS
    for name, kind in types_of(type(policy)).items()
    if kind in (str, tuple[str, ...], dict[str, str])
]


def plan_with(**training: object) -> bytes:
    document = json.loads(dump(Policies()))
    document["training"] |= training
    return json.dumps(document).encode()


@pytest.mark.parametrize(("policy", "name"), NUMBERS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 10**12, True, "1"])
def test_no_number_is_without_bounds(policy: Any, name: str, value: object) -> None:
    with pytest.raises(PolicyError, match=rf"^{policy.section}\.{name} is "):
        replace(policy, **{name: value})


@pytest.mark.parametrize(("policy", "name"), WORDS, ids=lambda value: str(value)[:20])
def test_no_word_is_without_bounds(policy: Any, name: str) -> None:
    assert name in bounds_of(type(policy))


def test_the_strategies_that_settings_allow_are_those_there_are() -> None:
    for name in STRATEGIES:
        assert TrainingPolicy(strategy=name).strategy == name
    assert f"give {' or '.join(reversed(STRATEGIES))}" == str(bounds_of(TrainingPolicy)["strategy"])


def test_a_refusal_is_an_error_of_settings_and_survives_pickling() -> None:
    with pytest.raises(SettingsError) as caught:
        replace(TrainingPolicy(), strategy="exted")
    assert str(pickle.loads(pickle.dumps(caught.value))) == (  # noqa: S301 - our own bytes
        "training.strategy is 'exted': give extend or blend"
    )


@pytest.mark.parametrize("name", ["micro_margin", "macro_margin", "label_margin"])
def test_a_margin_is_below_the_drop_unless_every_drop_is_allowed(name: str) -> None:
    with pytest.raises(PolicyError, match=rf"gate\.{name} is 0\.05: give less than gate\.label_drop"):
        GatePolicy(**{name: 0.05})  # type: ignore[arg-type]
    assert getattr(GatePolicy(**{name: 1.0, "label_drop": 1.0}), name) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["PROTOCOL", "Product Name", "C++", "日本", "B", "GPE-LOC", "E_COMMERCE"])
def test_names_of_labels_in_use_are_allowed(name: str) -> None:
    assert is_label(name)


def test_a_plan_of_an_earlier_version_with_null_for_a_default_is_read() -> None:
    assert parse(Policies, plan_with(word_dropout=None), where="plan").training == TrainingPolicy()


def test_a_plan_frozen_with_a_value_that_is_refused_today_says_so() -> None:
    with pytest.raises(IntegrityError) as caught:
        parse(Policies, plan_with(epochs=0), where="runs/1/plan.json")
    assert str(caught.value) == (
        "runs/1/plan.json holds a setting that is no longer allowed: "
        "training.epochs is 0: give a whole number from 1 to 1000"
    )
