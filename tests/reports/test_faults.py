"""Findings grouped for people."""

from techner.core.delivery import Finding
from techner.reports.faults import ROWS, SAID, fault_groups


def test_the_same_fault_at_another_place_is_one_fault() -> None:
    findings = [
        Finding(row=9, code="label", detail="'OS' at [4, 6] is not one of TOOL", suggestion="[4, 6, TOOL]"),
        Finding(row=2, code="label", detail="'OS' at [0, 2] is not one of TOOL", suggestion="[0, 2, TOOL]"),
        Finding(row=3, code="label", detail="'DB' at [0, 2] is not one of TOOL"),
    ]
    (group,) = fault_groups(findings, {})
    assert [(same.count, same.rows) for same in group.said] == [(2, (2, 9)), (1, (3,))]
    assert (group.said[0].detail, group.said[0].suggestion) == ("'OS' at […] is not one of TOOL", "[…, TOOL]")
    assert group.said[1].detail == "'DB' at [0, 2] is not one of TOOL"


def test_faults_of_the_whole_batch_come_first_then_the_most_frequent() -> None:
    findings = [
        Finding(row=1, code="label", detail="a"),
        *(Finding(row=row, code="edges", detail=f"b {row}") for row in (2, 3)),
        Finding(row=None, code="empty", detail="c"),
    ]
    assert [group.code for group in fault_groups(findings, {})] == ["empty", "edges", "label"]


def test_what_is_not_listed_is_counted() -> None:
    findings = [Finding(row=row, code="label", detail=f"word {row}") for row in range(1, SAID + 4)]
    same = [Finding(row=row, code="label", detail="often") for row in range(1, ROWS + 3)]
    (group,) = fault_groups([*findings, *same], {"label": 5})
    assert (group.count, group.unsaid) == (SAID + 3 + ROWS + 2 + 5, 4 + 5)
    assert (group.said[0].count, len(group.said[0].rows)) == (ROWS + 2, ROWS)


def test_codes_of_which_no_finding_is_listed_are_counted() -> None:
    listed = Finding(row=1, code="overlap", detail="[0, 3]")
    groups = fault_groups([listed], {"overlap": 2, "misaligned": 7})
    assert [(group.code, group.count, group.unsaid) for group in groups] == [
        ("misaligned", 7, 7),
        ("overlap", 3, 2),
    ]
