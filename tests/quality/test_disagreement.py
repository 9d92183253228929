"""Where a second reader that is sure of itself contradicts the annotators."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from techner.core.examples import Span
from techner.core.policy import SchemePolicy
from techner.quality.disagreement import SecondReader
from tests.conftest import marked
from tests.quality.examining import clean, examined, line, rulebook

KNOWN = frozenset({"TOOL", "OS", "LANG", "WEBSERVER"})


def findings(*rows: bytes, says: dict[str, dict[Span, float]], **policy: Any) -> list[tuple[int | None, str]]:
    against = replace(
        rulebook(**policy),
        second=SecondReader(labels=KNOWN, read=lambda texts: [says.get(text, {}) for text in texts]),
    )
    warnings = examined(list(rows), against).report.warnings
    return [(found.row, found.detail) for found in warnings if found.code == "model_disagreement"]


ROW = marked("[[nginx|TOOL]] runs on Debian here")
DEBIAN = Span(14, 20, "OS")
OTHER = marked("a [[Linux|OS]] box")


def test_an_entity_that_was_looked_for_and_not_annotated_is_mentioned_with_how_sure_the_model_is() -> None:
    found = findings(line(ROW), line(OTHER), says={ROW.text: {DEBIAN: 0.97}})
    assert found == [(1, "'Debian' is OS to the production model (97% sure), not annotated")]


def test_another_label_and_other_bounds_are_mentioned() -> None:
    says = {ROW.text: {Span(0, 5, "OS"): 0.95}, OTHER.text: {Span(2, 11, "OS"): 0.93}}
    assert [
        detail.partition("annotated as ")[2] for _, detail in findings(line(ROW), line(OTHER), says=says)
    ] == [
        "TOOL [0, 5]",
        "OS [2, 7]",
    ]


@pytest.mark.parametrize(
    ("span", "sure"),
    [
        pytest.param(Span(0, 5, "TOOL"), 1.0, id="it agrees"),
        pytest.param(DEBIAN, 0.89, id="it is not sure"),
        pytest.param(Span(14, 20, "LANG"), 1.0, id="nobody looked for that label"),
    ],
)
def test_nothing_is_mentioned_where(span: Span, sure: float) -> None:
    assert findings(line(ROW), line(OTHER), says={ROW.text: {span: sure}}) == []


def test_a_label_that_the_model_does_not_know_yet_is_not_contradicted() -> None:
    new = marked("[[pandas|LIB]] and [[Linux|OS]]")
    assert findings(line(new), says={new.text: {Span(0, 6, "OS"): 1.0}}) == []


def test_the_surest_contradiction_comes_first() -> None:
    other = marked("Debian and [[Linux|OS]]")
    says = {ROW.text: {DEBIAN: 0.91}, other.text: {Span(0, 6, "OS"): 0.99}}
    assert [row for row, _ in findings(line(ROW), line(other), says=says)] == [2, 1]


def test_the_model_is_read_under_todays_names() -> None:
    moves = SchemePolicy(renamed={"WEBSERVER": "TOOL"}, retired=("LANG",))
    says = {
        ROW.text: {Span(0, 5, "WEBSERVER"): 1.0, Span(14, 20, "WEBSERVER"): 0.9, Span(6, 10, "LANG"): 1.0}
    }
    assert findings(line(ROW), says=says, moves=moves) == [
        (1, "'Debian' is TOOL to the production model (90% sure), not annotated")
    ]


def test_no_more_rows_are_read_than_the_policy_says_and_they_are_drawn_evenly() -> None:
    asked: list[str] = []

    def reading(texts: Sequence[str]) -> list[dict[Span, float]]:
        asked.extend(texts)
        return [{} for _ in texts]

    read = SecondReader(labels=KNOWN, read=reading)
    examined(clean(100), replace(rulebook(model_rows=4), second=read))
    assert asked == [f"clean row {number} uses nginx" for number in (0, 25, 50, 75)]


def test_without_rows_to_read_the_expectation_is_not_there_rather_than_passed() -> None:
    read = SecondReader(labels=KNOWN, read=lambda texts: [{} for _ in texts])
    codes = {
        rows: {
            item.code
            for item in examined(
                clean(2), replace(rulebook(model_rows=rows), second=read), recorded=True
            ).report.expectations
        }
        for rows in (0, 2)
    }
    assert codes[2] - codes[0] == {"model_disagreement"}


def test_great_expectations_records_the_rows_that_the_model_contradicts() -> None:
    second = SecondReader(
        labels=KNOWN, read=lambda texts: [{DEBIAN: 0.97} if text == ROW.text else {} for text in texts]
    )
    report = examined([line(ROW), line(OTHER)], replace(rulebook(), second=second), recorded=True).report
    said = next(item for item in report.expectations if item.code == "model_disagreement")
    assert (said.passed, said.failing, said.severity) == (False, 1, "warning")
    assert [w.suggestion for w in report.warnings if w.code == "model_disagreement"] == ["[14, 20, OS]"]
