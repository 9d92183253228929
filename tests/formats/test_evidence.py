"""Which text of several was annotated: the record's own evidence says so, not the name of a key."""

import json
from collections.abc import Mapping, Sequence

import pytest

from techner.formats import Fault, Row, read_rows
from techner.formats.evidence import MAX_COMPARED, Region, annotated_key


def rows_of(*records: object) -> list[Row]:
    return list(read_rows(json.dumps(records).encode())[1])


def region(start: int, end: int, text: str | None, to_name: str = "x") -> dict[str, object]:
    value = {"start": start, "end": end, "labels": ["P"], **({"text": text} if text else {})}
    return {"type": "labels", "to_name": to_name, "value": value}


def task(data: dict[str, object], *regions: dict[str, object]) -> dict[str, object]:
    return {"data": data, "annotations": [{"result": list(regions)}]}


BOTH: dict[str, object] = {"title": "TLS is here", "text": "now is the time"}


@pytest.mark.parametrize(
    ("region", "text"),
    [
        (region(0, 3, "TLS"), "title"),
        (region(0, 3, "now"), "text"),
        (region(0, 3, "now", "title"), "text"),
        (region(0, 3, None, "title"), "title"),
        (region(0, 3, None), "text"),
        (region(4, 6, "is", "title"), "title"),
        (region(4, 7, "TLS"), "title"),
    ],
    ids=["covered", "covered text", "covered against name", "name alone", "nothing", "both cover", "shifted"],
)
def test_text_is_what_the_regions_lie_in(region: dict[str, object], text: str) -> None:
    assert rows_of(task(BOTH, region))[0].text == BOTH[text]


def test_task_without_a_region_has_the_text_that_the_others_of_the_file_lie_in() -> None:
    rows = rows_of(task(BOTH), task(BOTH, region(0, 3, "TLS")))
    assert [(row.text, row.entities) for row in rows] == [("TLS is here", []), ("TLS is here", [[0, 3, "P"]])]


def minimal(record: Mapping[str, object], regions: Sequence[object] = ()) -> dict[str, object]:
    return {"annotation_id": 1, **record, **({"label": list(regions)} if regions else {})}


def test_json_min_without_a_region_has_the_text_that_the_others_lie_in() -> None:
    other = {"mood": "fine", "body": "TLS is here"}
    rows = rows_of(minimal(other), minimal(other, [{"start": 0, "end": 3, "text": "TLS", "labels": ["P"]}]))
    assert [row.text for row in rows] == ["TLS is here"] * 2


def test_several_strings_that_nothing_tells_apart_are_a_fault_that_names_them() -> None:
    fault = rows_of(minimal({"mood": "fine", "body": "TLS is here"}))[0].fault
    assert fault
    assert fault == Fault(
        "shape",
        "which text was annotated, 'mood', 'body'? Deliver one text per record, or name it 'text'",
    )


PRODIGY = {"text": "use TLS", "_task_hash": 5, "spans": [{"start": 4, "end": 7, "label": "P"}]}
SCORED = [{"start": 4, "end": 7, "label": "P", "score": 0.5, "rank": 0}]


@pytest.mark.parametrize(
    "extra",
    [
        {"_is_binary": True, "answer": "accept"},
        {"_is_binary": True, "answer": "reject"},
        {"_view_id": "ner", "answer": "accept"},
        {"_view_id": "classification", "answer": "accept"},
        {"spans": SCORED, "answer": "accept"},
    ],
    ids=str,
)
def test_yes_or_no_to_one_span_is_set_aside(extra: dict[str, object]) -> None:
    row = rows_of(PRODIGY | extra)[0]
    assert row.fault
    assert (row.fault.code, row.entities) == ("binary", None)


@pytest.mark.parametrize(
    "extra",
    [
        {"_view_id": "ner_manual", "answer": "accept"},
        {"_view_id": "blocks", "answer": "accept"},
        {"_is_binary": False, "_view_id": "ner_manual", "spans": SCORED, "answer": "accept"},
        {"tokens": [], "spans": SCORED, "answer": "accept"},
        {},
    ],
    ids=str,
)
def test_whole_text_that_was_annotated_is_read(extra: dict[str, object]) -> None:
    assert rows_of(PRODIGY | extra)[0].entities == [[4, 7, "P"]]


def test_the_first_regions_of_a_record_tell_which_string_was_meant() -> None:
    """All of thousands against each of hundreds of strings would take minutes."""
    regions = [*[Region(0, 3, "TLS")] * MAX_COMPARED, Region(0, 3, "SSL")]
    assert annotated_key({"title": "TLS is here", "body": "now is the time"}, regions, None) == "title"
