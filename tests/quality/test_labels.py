"""What a label that is not in the scheme was meant to be."""

import pytest

from techner.core.scheme import LabelScheme
from techner.quality.labels import meant

SCHEME = LabelScheme(frozenset({"TOOL", "OS", "FILE_FORMAT", "PROTOCOL"}))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("tool", "TOOL"),
        (" OS ", "OS"),
        ("OS\r", "OS"),
        ("file format", "FILE_FORMAT"),
        ("File-Format", "FILE_FORMAT"),
        ("B-TOOL", "TOOL"),
        ("U-os", "OS"),
        ("\u0422\u041e\u041eL", "TOOL"),  # Cyrillic
        ("\u039fS", "OS"),  # Greek
        ("\uff34OOL", "TOOL"),  # full width
        ("TO\u200bOL", "TOOL"),
    ],
)
def test_variant_of_a_label_is_certain(label: str, expected: str) -> None:
    assert meant(label, SCHEME) == (expected, True)


def test_misspelt_label_is_a_guess() -> None:
    assert meant("PROTOCOLL", SCHEME) == ("PROTOCOL", False)


@pytest.mark.parametrize("label", ["PLANET", "", None, ["OS"], "x" * 10_000])
def test_anything_else_has_no_suggestion(label: object) -> None:
    assert meant(label, SCHEME) is None


def test_variant_of_two_labels_is_not_certain() -> None:
    assert meant("Tool", LabelScheme(frozenset({"TOOL", "tool"}))) != ("TOOL", True)
