"""What a record says that its spans cover chooses between ways of counting, and flags what none explains."""

import json

import pytest

from tests.quality.examining import examined


def region(start: int, end: int, text: str, label: str = "OS") -> dict[str, object]:
    return {
        "type": "labels",
        "to_name": "text",
        "value": {"start": start, "end": end, "text": text, "labels": [label]},
    }


def task(text: str, *regions: dict[str, object]) -> dict[str, object]:
    return {"data": {"text": text}, "annotations": [{"result": list(regions)}]}


def found_in(*tasks: object, filler: int = 12) -> tuple[list[tuple[str, str, str | None]], list[str]]:
    """Return the findings of tasks among clean ones, and the fixes that are proposed."""
    others = [
        task(
            f"clean row {number} uses nginx",
            region(17 + len(str(number)) - 1, 22 + len(str(number)) - 1, "nginx", "TOOL"),
        )
        for number in range(filler)
    ]
    found = examined(json.dumps([*tasks, *others]).encode())
    issues = [
        (issue.code, issue.detail, issue.suggestion)
        for issue in (*found.report.issues, *found.report.warnings)
        if issue.row and issue.row <= len(tasks)
    ]
    fixes = [fix for line in found.quarantine.splitlines() for fix in json.loads(line).get("fixes", [])]
    return issues, fixes


def test_span_that_fits_tokens_by_chance_is_found_and_the_way_of_counting_is_named() -> None:
    # In UTF-16 units each rocket is two: the offsets of `in` cover `OS` here.
    issues, fixes = found_in(task("🚀🚀🚀 on in OS", region(10, 12, "in")))
    assert issues[0][0] == "covered"
    assert "UTF-16 units" in issues[0][1]
    assert issues[0][2] == "[7, 9, OS] 'in'"
    assert fixes == ["offsets 10-12 are 7-9"]


@pytest.mark.parametrize("said", ["Arch  Linux", "Arch\nLinux", "ArchLinux"])
def test_white_space_that_a_tool_folded_is_no_difference(said: str) -> None:
    assert found_in(task("run Arch Linux now", region(4, 14, said))) == ([], [])


def test_bounds_that_were_moved_after_the_text_was_noted_are_a_warning() -> None:
    issues, _ = found_in(task("run Arch Linux now", region(4, 14, "Linux")))
    assert [code for code, _, _ in issues] == ["stale_text"]


def test_text_that_no_way_of_counting_explains_sets_the_row_aside_and_where_it_stands_is_suggested() -> None:
    issues, fixes = found_in(task("the old box has Debian or BSD on it", region(4, 7, "BSD")))
    assert [(code, hint) for code, _, hint in issues] == [("covered", "[26, 29, OS] 'BSD'")]
    assert fixes == []


def test_text_that_is_not_there_sets_the_row_aside() -> None:
    issues, _ = found_in(task("the old box runs well", region(4, 7, "BSD")))
    assert [(code, hint) for code, _, hint in issues] == [("covered", None)]


def test_many_spans_of_one_row_are_named_up_to_a_bound() -> None:
    text = " ".join(f"a{number}" for number in range(60))
    issues, _ = found_in(
        task(text, *(region(text.index(f"a{n}"), text.index(f"a{n}") + 2, "zz") for n in range(50)))
    )
    assert sum(code == "covered" for code, _, _ in issues) == 21


def test_tokens_of_prodigy_say_what_a_span_covers() -> None:
    tokens = [
        {"text": word, "start": at, "end": at + len(word), "id": n}
        for n, (word, at) in enumerate([("use", 0), ("BSD", 4)])
    ]
    record = {
        "text": "use BSD",
        "tokens": tokens,
        "_task_hash": 1,
        "_view_id": "ner_manual",
        "answer": "accept",
    }
    span = {"start": 0, "end": 3, "token_start": 1, "token_end": 1, "label": "OS"}
    rest = [
        json.dumps({"text": f"row {n} is clean", "spans": [], "_view_id": "ner_manual"}).encode()
        for n in range(9)
    ]
    found = examined([json.dumps(record | {"spans": [span]}).encode(), *rest])
    assert [(issue.row, issue.code, issue.suggestion) for issue in found.report.issues if issue.row] == [
        (1, "covered", "[4, 7, OS] 'BSD'")
    ]
