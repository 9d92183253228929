"""A row whose annotation is not read is never taken for text alone."""

import json
from typing import Any

import pytest

from techner.core.errors import FileError
from techner.formats import read_rows
from techner.formats.unread import sign_of_annotation

SPAN = {"start": 0, "end": 3, "label": "PERSON"}
ANNOTATED = {
    "ents as they are not written": {"ents": {"PERSON": [0, 3]}},
    "nested": {"meta": {"annotations": {"ner": [SPAN]}}},
    "in a list": {"payload": [{"tags": ["B-PERSON", "O"]}]},
    "camel case": {"annotatedEntities": ["Ada"]},
    "capitals": {"NER": "x"},
    "by offsets": {"found": [{"beginOffset": 0, "endOffset": 3, "what": "PERSON"}]},
    "by tuples": {"y": [[0, 3, "PERSON"]]},
    "by tags": {"y": ["O", "B-PERSON"]},
    "predictions": {"predictions": [{"result": [SPAN]}]},
    "class": {"label": "sport"},
}


@pytest.mark.parametrize("more", ANNOTATED.values(), ids=ANNOTATED)
def test_a_record_with_annotation_that_no_reader_knows_is_a_fault_that_names_the_key(more: Any) -> None:
    _, row = read_rows(b'{"text": "alone"}\n' + json.dumps({"text": "Ada", **more}).encode())[1]
    assert row.fault is not None
    assert row.fault.code == "shape"
    assert f"'{next(iter(more))}" in row.fault.detail
    assert "`entities`" in row.fault.detail


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"id": 7, "meta": {"source": "news", "page": 3}},
        {"ents": None},
        {"language": "en", "tokens": ["Ada"]},
    ],
)
def test_text_with_other_facts_beside_it_is_text_alone(more: Any) -> None:
    row = next(read_rows(json.dumps({"text": "Ada", **more}).encode())[1])
    assert (row.fault, row.text, row.entities) == (None, "Ada", None)


def test_empty_lists_of_a_known_tool_are_no_sign() -> None:
    task = {"data": {"text": "Ada"}, "annotations": [], "predictions": [], "drafts": []}
    assert sign_of_annotation(task, is_known=True) is None
    assert sign_of_annotation(task | {"predictions": [{"result": []}]}, is_known=True) == "predictions"


def test_a_deep_record_is_read_to_its_end() -> None:
    deep: Any = {"ents": [SPAN]}
    for _ in range(500):
        deep = {"inner": deep}
    assert sign_of_annotation(deep, is_known=True) is not None


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "a", "entities": [%s]}\n{"text": "b"}',
        '[{"text": "a", "entities": [%s]}]',
        "[\n[%s]\n]",
    ],
    ids=["a line", "an item of a list", "items of a list"],
)
def test_record_that_would_fill_the_memory_is_not_parsed(text: str) -> None:
    data = text.replace("%s", ",".join(["[]"] * 1_500_000)).encode()
    try:
        said = [str(row.fault) for row in read_rows(data)[1]]
    except FileError as error:
        said = [str(error)]
    assert "4,194,304" in said[0]


def test_object_around_all_records_may_be_longer_than_a_record() -> None:
    rows = [{"text": f"{number} " * 500, "entities": []} for number in range(2000)]
    data = json.dumps({"examples": rows}).encode()
    assert 4 << 20 < len(data) < 12 << 20
    assert len(list(read_rows(data)[1])) == 2000


def test_item_of_a_list_that_is_longer_than_the_first_piece_is_read_whole() -> None:
    rows = [{"text": f"{letter} " * 40_000, "entities": [[0, 1, "OS"]]} for letter in "abc"]
    read = list(read_rows(json.dumps(rows).encode())[1])
    assert [(row.text, row.entities) for row in read] == [(row["text"], row["entities"]) for row in rows]
