"""What a batch's annotators looked for, and deliveries that use names of before."""

import json

import pytest

from techner.core.examples import Span
from techner.core.policy import SchemePolicy
from tests.conftest import marked
from tests.quality.examining import clean, examined, line, row, rulebook

SCOPED = marked("[[nginx|TOOL]] on [[Linux|OS]]")
MOVES = SchemePolicy(renamed={"SYSTEM": "OS"}, retired=("DISTRO",))


def meta(*labels: str) -> bytes:
    return json.dumps({"scope": labels}).encode()


def test_scope_that_was_not_delivered_is_inferred_from_the_accepted_rows() -> None:
    found = examined([*clean(9), line(SCOPED), row("café \ufffd", [0, 4, "LIB"])])
    assert (found.report.scope, found.report.scope_from) == (("OS", "TOOL"), "inferred")
    assert {example.scope for example in found.accepted} == {("OS", "TOOL")}


def test_scope_in_the_metadata_holds_for_every_row() -> None:
    found = examined([*clean(2), row("nothing here")], rulebook(metadata=meta("TOOL", "LANG")))
    assert (found.report.scope, found.report.scope_from) == (("LANG", "TOOL"), "delivered")
    assert [example.scope for example in found.accepted] == [("LANG", "TOOL")] * 3


def test_span_outside_the_delivered_scope_is_quarantined_with_what_to_do() -> None:
    found = examined([*clean(3), line(SCOPED)], rulebook(metadata=meta("TOOL")))
    assert found.report.quarantined == 1
    assert [(issue.row, issue.code, issue.detail) for issue in found.report.issues] == [
        (
            4,
            "scope",
            "OS at 9 is outside the scope TOOL: remove the span, or add the label to the scope",
        )
    ]


def test_scope_of_a_row_wins_over_that_of_the_batch() -> None:
    found = examined(
        [*clean(1), row("Go here", [0, 2, "LANG"], scope=["LANG"])], rulebook(metadata=meta("TOOL"))
    )
    assert [example.scope for example in found.accepted] == [("TOOL",), ("LANG",)]
    assert (found.report.scope, found.report.own_scopes) == (("TOOL",), 1)


def test_scope_of_a_row_says_nothing_about_the_rows_without_one() -> None:
    found = examined([*clean(1), row("Go here", [0, 2, "LANG"], scope=["OS", "LANG"])])
    assert [example.scope for example in found.accepted] == [("TOOL",), ("LANG", "OS")]


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        (b"", "write {"),
        (b"\xff", "write {"),
        (b"{}", "scope: Field required"),
        (b'{"scope": ["TOOL"], "team": "a"}', "team: "),
        (b'{"scope": ["OS"], "scope": ["TOOL"]}', "a key is repeated"),
        (b'{"scope": "TOOL"}', "scope: "),
        (b'{"scope": [5]}', "scope.0: "),
        (b'{"scope": []}', "one or more labels"),
        (b'{"scope": ["TOOL", "PLANET"]}', "'PLANET' is not one of LANG, LIB, OS, TOOL; correct"),
        (b'{"scope": ["DISTRO"]}', "'DISTRO' is retired"),
    ],
)
def test_metadata_that_is_no_scope_rejects_the_batch_and_says_why(metadata: bytes, says: str) -> None:
    report = examined(clean(3), rulebook(metadata=metadata, moves=MOVES)).report
    assert (report.action, report.read, report.rejected) == ("reject", 3, 3)
    assert [issue.code for issue in report.issues] == ["metadata"]
    assert says in report.issues[0].detail
    assert (report.scope, report.scope_from) == ((), "delivered")


def test_file_that_cannot_be_read_keeps_what_its_metadata_says() -> None:
    report = examined(b"", rulebook(metadata=meta("TOOL"))).report
    assert (report.scope, report.scope_from) == (("TOOL",), "delivered")


def test_rows_of_one_text_in_two_scopes_are_both_accepted() -> None:
    rows = [
        row("nginx on Linux", [0, 5, "TOOL"], scope=["TOOL"]),
        row("nginx on Linux", [9, 14, "OS"], scope=["OS"]),
    ]
    assert [example.scope for example in examined(rows).accepted] == [("TOOL",), ("OS",)]


def test_rows_of_one_text_that_differ_in_a_label_both_looked_for_are_a_conflict() -> None:
    rows = [
        row("nginx on Linux", [0, 5, "TOOL"], scope=["TOOL"]),
        row("nginx on Linux", [9, 14, "OS"], scope=["OS", "TOOL"]),
    ]
    found = examined([*clean(6), *rows])
    assert [(issue.row, issue.code) for issue in found.report.issues] == [(7, "conflict"), (8, "conflict")]


def test_old_name_of_a_label_is_accepted_under_the_new_one() -> None:
    rows = [row("on Linux", [3, 8, "SYSTEM"], scope=["SYSTEM"]), row("on Debian", [3, 9, "OS"])]
    found = examined(rows, rulebook(moves=MOVES))
    assert [example.spans for example in found.accepted] == [(Span(3, 8, "OS"),), (Span(3, 9, "OS"),)]
    assert [example.scope for example in found.accepted] == [("OS",), ("OS",)]


def test_report_says_how_many_spans_came_under_an_old_name() -> None:
    rows = [row("on Linux", [3, 8, "SYSTEM"]), row("on Debian", [3, 9, "OS"])]
    report = examined(rows, rulebook(moves=MOVES)).report
    assert (report.labels, report.renamed) == ({"OS": 2}, {"SYSTEM": 1})


def test_old_name_in_the_metadata_is_read_as_the_new_one() -> None:
    report = examined([row("on Linux", [3, 8, "OS"])], rulebook(metadata=meta("SYSTEM"), moves=MOVES)).report
    assert (report.action, report.scope) == ("accept", ("OS",))


def test_retired_label_is_quarantined_with_what_to_do() -> None:
    report = examined([*clean(3), row("on Debian", [3, 9, "DISTRO"])], rulebook(moves=MOVES)).report
    assert report.quarantined == 1
    assert [(issue.code, issue.detail) for issue in report.issues] == [
        (
            "label",
            "'DISTRO' is retired: remove it, or take it out of the setting scheme.retired",
        )
    ]
