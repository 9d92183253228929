"""The label scheme moves: names that change, names that go, and settings that cannot be meant."""

from dataclasses import replace

import pytest

from techner.core.errors import SettingsError
from techner.core.examples import Example
from techner.core.policy import Policies, QualityPolicy, SchemePolicy
from techner.core.scheme import example_today, label_scheme
from tests.conftest import marked

MOVES = SchemePolicy(renamed={"SYSTEM": "OS"}, retired=("DISTRO",))


def policies(**scheme: object) -> Policies:
    return Policies(
        quality=QualityPolicy(labels=("CHIP", "OS", "DISTRO")),
        scheme=SchemePolicy(**scheme),  # type: ignore[arg-type]
    )


def test_todays_labels_are_the_pretrained_and_the_new_without_retired_ones_and_old_names() -> None:
    found = label_scheme(("ORG",), policies(renamed={"CHIP": "OS"}, retired=("DISTRO",)))
    assert found.labels == frozenset({"ORG", "OS"})


def test_spans_and_scope_are_renamed() -> None:
    before = replace(marked("on [[Linux|SYSTEM]] by [[Ann|PERSON]]"), scope=("PERSON", "SYSTEM"))
    assert example_today(before, MOVES) == replace(
        marked("on [[Linux|OS]] by [[Ann|PERSON]]"), scope=("OS", "PERSON")
    )


def test_retired_labels_leave_spans_and_scope() -> None:
    before = replace(marked("[[Debian|DISTRO]] is an [[OS|SYSTEM]]"), scope=("DISTRO", "SYSTEM"))
    assert example_today(before, MOVES) == replace(marked("Debian is an [[OS|OS]]"), scope=("OS",))


def test_scope_of_all_labels_stays_one_of_all() -> None:
    assert example_today(Example("x"), MOVES).scope is None


def test_two_old_names_may_become_one() -> None:
    moves = SchemePolicy(renamed={"A": "OS", "B": "OS"})
    assert example_today(Example("x", scope=("A", "B", "OS")), moves).scope == ("OS",)


@pytest.mark.parametrize(
    ("scheme", "says"),
    [
        (
            {"renamed": {"ORG": "OS"}},
            "'ORG' = 'OS', but labels of the pretrained model keep their names: take it out",
        ),
        (
            {"retired": ("ORG",)},
            "scheme.retired names 'ORG', but labels of the pretrained model stay: take it out",
        ),
        ({"renamed": {"SYSTEM": "ORG"}}, "a label of the pretrained model: retire 'SYSTEM'"),
        ({"renamed": {"A": "OS", "OS": "CHIP"}}, "'A' = 'OS', which is itself renamed"),
        ({"renamed": {"CHIP": "OS", "OS": "CHIP"}}, "which is itself renamed"),
        ({"renamed": {"OS": "OS"}}, "which is itself renamed"),
        ({"renamed": {"SYSTEM": "OS"}, "retired": ("OS",)}, "'OS', which is retired"),
        ({"renamed": {"CHIP": "OS"}, "retired": ("CHIP",)}, "out of one of them"),
        ({"renamed": {"SYSTEM": "PLANET"}}, "not in quality.labels: add it"),
    ],
)
def test_contradictory_settings_are_refused_with_what_to_do(scheme: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        label_scheme(("ORG", "PERSON"), policies(**scheme))
