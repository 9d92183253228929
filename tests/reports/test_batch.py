"""The page about a delivery: counts first, and nothing in it can do harm."""

import re

import pytest

from techner.core.delivery import Action, BatchRef, Finding, QualityReport
from techner.core.examples import Span
from techner.reports import Excerpt, batch_report, shown_rows

HOSTILE = "<script>alert(1)</script>"


def report(*issues: Finding, name: str = "monday.jsonl") -> QualityReport:
    return QualityReport(
        batch=BatchRef(name=name, digest="d" * 64),
        admission="a",
        action=Action.QUARANTINE,
        reader=name,
        read=10,
        accepted=7,
        quarantined=3,
        rejected=0,
        labels={"TOOL": 3, "OS": 1},
        scope=("OS", name),
        scope_from="inferred",
        own_scopes=0,
        renamed={},
        issues=issues,
        warnings=issues,
        expectations=(),
    )


ISSUE = Finding(row=4, code="label", detail="'tool' is not one of TOOL", suggestion="TOOL")
EXCERPT = Excerpt(text="nginx on Linux", spans=(Span(0, 5, "tool"), Span(3, 8, "x"), Span(9, 99, "OS")))


def test_counts_come_first() -> None:
    page = batch_report(report(ISSUE), {4: EXCERPT}, history={})
    assert page.index("10 rows read = 7 accepted + 3 quarantined + 0 rejected") < page.index("Row 4")


def test_labels_are_drawn_beside_those_of_before() -> None:
    page = batch_report(report(), {}, history={"TOOL": 1, "LANG": 1})
    assert re.findall(r'width: ([\d.]+)%"', page) == ["0.0", "50.0", "25.0", "0.0", "75.0", "50.0"]


def test_spans_are_marked_where_they_can_be() -> None:
    page = batch_report(report(ISSUE), {4: EXCERPT}, history={})
    assert len(re.findall("<mark", page)) == 2  # once under faults and once under warnings


@pytest.mark.parametrize("count", [20, 21])
def test_findings_that_are_not_shown_are_counted(count: int) -> None:
    issues = tuple(Finding(row=n, code="label", detail="no") for n in range(1, count + 1))
    assert len(shown_rows(report(*issues))) == 20
    page = batch_report(report(*issues), {}, history={})
    assert (f"label: {count}, the first 20 of them" in page) is (count > 20)


def test_nothing_from_a_batch_is_taken_for_markup() -> None:
    issue = Finding(row=4, code=HOSTILE, detail=HOSTILE, suggestion=HOSTILE)
    excerpt = Excerpt(text=f"a {HOSTILE} \ud800", spans=())
    marked = Excerpt(text=f"a {HOSTILE}", spans=(Span(0, 1, HOSTILE),))
    for shown in (excerpt, marked):
        page = batch_report(report(issue, name=HOSTILE), {4: shown}, history={HOSTILE: 3})
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page
        page.encode()


def test_page_loads_nothing() -> None:
    page = batch_report(report(ISSUE), {4: EXCERPT}, history={"TOOL": 1})
    assert not re.findall(r"https?://|<script|<link|<img|@import|url\(", page)
