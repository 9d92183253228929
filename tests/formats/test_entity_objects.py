"""Entities as objects under other names, and records inside one object: read, or refused once."""

import json
from typing import Any

import pytest

from techner.core.errors import FileError
from techner.formats import Fault, Row, read_rows

TEXT = "use TLS or SSL"
FOUND: list[Any] = [[4, 7, "P"]]


def read(*records: object) -> list[Row]:
    return list(read_rows("\n".join(map(json.dumps, records)).encode())[1])


def refusal(*records: object) -> str:
    with pytest.raises(FileError) as caught:
        read(*records)
    return str(caught.value)


def objects(list_key: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {"text": TEXT, list_key: [dict(zip(keys, (4, 7, "P"), strict=True)) | more]}


NAMES = [
    ("start", "end", "type"),
    ("start", "end", "entity_group"),
    ("begin", "end", "tag"),
    ("start_char", "end_char", "category"),
    ("from", "to", "name"),
    ("startOffset", "endOffset", "entity"),
    ("char_start", "char_end", "class"),
    ("BeginOffset", "EndOffset", "Type"),
    ("start_idx", "stop_idx", "entity_type"),
]


@pytest.mark.parametrize(
    "list_key", ["entities", "ents", "spans", "annotations", "labels", "ner", "mentions"]
)
@pytest.mark.parametrize("keys", NAMES, ids=" ".join)
def test_words_of_the_keys_tell_what_they_hold(list_key: str, keys: tuple[str, ...]) -> None:
    (row,) = read(objects(list_key, *keys))
    assert (row.text, row.entities, row.fault) == (TEXT, FOUND, None)


@pytest.mark.parametrize(
    "place",
    [
        {"offset": 4, "length": 3},
        {"span": [4, 7]},
        {"offsets": [[4, 7]]},
        {"position": {"start": 4, "end": 7}},
    ],
    ids=str,
)
def test_offsets_are_found_in_one_value_too(place: dict[str, Any]) -> None:
    assert read({"text": TEXT, "entities": [{"label": "P", **place}]})[0].entities == FOUND


def test_offsets_of_characters_are_read_where_those_of_tokens_stand_beside_them() -> None:
    entity = {"start": 1, "end": 2, "start_char": 4, "end_char": 7, "label": "P"}
    assert read({"text": TEXT, "entities": [entity]})[0].entities == FOUND


@pytest.mark.parametrize("key", ["text", "word", "value", "surface"])
def test_what_an_entity_says_it_covers_is_handed_on(key: str) -> None:
    assert read(objects("annotations", "start", "end", "tag", **{key: "TLS"}))[0].covered == ("TLS",)


def test_value_of_rasa_may_be_a_synonym_and_is_no_evidence() -> None:
    assert read(objects("entities", "start", "end", "entity", value="Transport Security"))[0].covered == ()


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        ({"s": 4, "e": 7, "l": "P"}, "objects with keys 's', 'e', 'l': write 'start', 'end' and 'label'"),
        ({"text": "TLS", "label": "P"}, "objects with keys 'text', 'label'"),
        (
            {"start": 4, "end": 7, "tag": "P", "type": "x"},
            "'tag' and 'type' of an entity may both be its label",
        ),
        ({"start": 4, "end": 7, "label": "P", "score": 0.98}, "a 'score' are a model's predictions"),
        ({"offsets": [[0, 3], [4, 7]], "type": "P"}, "an entity in several pieces"),
        (["P", 4, 7], "lists that begin with a string"),
        (["TLS", "P"], "lists of 2 parts"),
        ("TLS", "strings without offsets"),
    ],
    ids=str,
)
def test_entities_that_are_not_understood_are_one_refusal_of_the_file(entity: Any, said: str) -> None:
    record = {"text": TEXT, "entities": [entity]}
    assert refusal(record, {"text": "none", "entities": []}, record).startswith("format: JSONL, ")
    assert said in refusal(record, record)


@pytest.mark.parametrize("entities", ["[[4, 7]]", {"P": [[4, 7]]}])
def test_entities_that_are_no_list_are_one_refusal_of_the_file(entities: Any) -> None:
    assert "write [start, end, label]" in refusal(*[{"text": TEXT, "entities": entities}] * 2)


def test_unread_entities_among_readable_ones_are_a_fault_of_their_row() -> None:
    other = {"text": TEXT, "entities": [{"s": 4, "e": 7}]}
    row = read({"text": TEXT, "entities": FOUND}, other, other)[1]
    assert row.fault == Fault(
        "shape",
        "entities are objects with keys 's', 'e': write 'start', 'end' and 'label', offsets in characters",
    )


def test_list_of_unread_objects_is_refused_whatever_tool_has_such_a_list_when_it_is_empty() -> None:
    records = [{"text": TEXT, "annotations": [{"s": 4, "e": 7}]}] * 2
    assert "JSON records with keys 'text', 'annotations'" in refusal(
        *records, {"text": "none", "annotations": []}
    )


@pytest.mark.parametrize(
    "record",
    [
        objects("annotations", "start", "end", "tag"),
        objects("ner", "begin", "end", "type"),
        objects("entities", "start_offset", "end_offset", "label"),
        objects("entities", "start_offset", "end_offset", "label", id=1) | {"relations": []},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_first", [True, False])
def test_empty_list_where_the_others_have_their_entities_says_that_there_are_none(
    record: dict[str, Any], *, is_first: bool
) -> None:
    key = next(key for key, value in record.items() if value and isinstance(value, list))
    empty = {"text": "none", key: []}
    rows = read(empty, record) if is_first else read(record, empty)
    assert sorted((row.text, row.entities) for row in rows) == [("none", []), (TEXT, FOUND)]


def test_empty_list_of_another_tool_is_that_tools_where_the_list_of_the_first_one_is_missing() -> None:
    first = {"text": TEXT, "entities": [], "annotations": FOUND}
    assert "mixed: row 1 is JSONL, row 2 is doccano" in refusal(first, {"text": "none", "annotations": []})


def test_text_is_the_string_that_the_entities_were_cut_from_where_it_has_another_name() -> None:
    entities = [{"start": 4, "end": 7, "value": "TLS", "tag": "P"}]
    for key in ("content", "document", "note"):
        assert read({"id": "a-1", key: TEXT, "annotations": entities})[0].text == TEXT


def test_entities_without_a_text_are_refused() -> None:
    assert "no text beside the entities" in refusal(*[{"tokens": ["TLS"], "entities": FOUND}] * 2)


def test_two_lists_of_entities_are_refused() -> None:
    record = objects("ner", "start", "end", "type") | {"mentions": [{"start": 0, "end": 3, "type": "P"}]}
    assert "both 'ner' and 'mentions' are lists of entities" in refusal(record, record)


def tagged(**more: Any) -> dict[str, Any]:
    return {"start": 4, "end": 7, "value": "TLS", "tag": "P", **more}


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ([tagged(correct=False)], "a reviewer marked an entity as wrong"),
        (
            [
                tagged(annotated_by=[{"annotator": "a"}, {"annotator": "b"}]),
                {"start": 11, "end": 14, "tag": "P", "annotated_by": [{"annotator": "a"}]},
            ],
            "annotators of the text disagree",
        ),
    ],
)
def test_lighttag_text_that_was_not_settled_is_set_aside(annotations: list[Any], said: str) -> None:
    (row,) = read({"content": TEXT, "annotations": annotations})
    assert row.fault is not None
    assert (row.fault.code, row.entities) == ("conflict", None)
    assert said in row.fault.detail


RECORD = {"text": TEXT, "entities": FOUND}
NONE: dict[str, Any] = {"text": "none", "entities": []}


@pytest.mark.parametrize(
    "container",
    [
        {"examples": [RECORD, NONE], "relations": [], "schema": {"tags": []}},
        {"rasa_nlu_data": {"common_examples": [RECORD, NONE], "entity_synonyms": [{"value": "x"}]}},
        {"doc-1": RECORD, "doc-2": NONE},
        {"text": [TEXT, "none"], "entities": [FOUND, []]},
        {"text": {"0": TEXT, "1": "none"}, "entities": {"0": FOUND, "1": []}},
    ],
    ids=["LightTag", "Rasa", "by name", "table", "table of pandas"],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_records_inside_one_object_are_read(container: Any, indent: int | None) -> None:
    rows = read_rows(json.dumps(container, indent=indent).encode())[1]
    assert [(row.number, row.text, row.entities) for row in rows] == [(1, TEXT, FOUND), (2, "none", [])]


def test_table_of_tokens_is_read_and_a_record_of_tokens_is_none() -> None:
    tokens, tags = ["use", "TLS"], ["O", "B-P"]
    for record in ({"tokens": [tokens], "ner_tags": [tags]}, {"words": tokens, "ner": tags}):
        assert [(row.text, row.entities) for row in read(record)] == [("use TLS", FOUND)]


def test_object_with_several_lists_of_records_is_refused() -> None:
    assert "several lists of records, keys 'train', 'test': deliver one" in refusal(
        {"train": [RECORD], "test": [NONE]}
    )


@pytest.mark.parametrize(
    ("record", "tool"),
    [
        (
            {"annotatable": {"parts": []}, "anncomplete": True, "entities": []},
            "tagtog, whose text is in another",
        ),
        ({"%TYPES": {}, "%FEATURE_STRUCTURES": []}, "INCEpTION's CAS JSON: export CoNLL 2003"),
    ],
    ids=["tagtog", "INCEpTION"],
)
def test_tool_whose_export_is_not_read_is_named(record: Any, tool: str) -> None:
    assert tool in refusal(record)


TASK = {"text": TEXT, "_task_hash": 1, "answer": "accept"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"_view_id": "choice", "accept": ["P"]}, "tasks of the view 'choice' carry no entities"),
        ({"_view_id": "classification", "label": "P"}, "tasks of the view 'classification'"),
        ({"_view_id": "text"}, "tasks of the view 'text'"),
        ({"options": [{"id": "P"}]}, "tasks with options carry no entities"),
        ({}, "Prodigy's tasks carry no entities: annotate the texts with ner.manual"),
    ],
    ids=str,
)
def test_prodigy_tasks_in_which_no_entity_could_be_marked_are_one_refusal(more: Any, said: str) -> None:
    assert said in refusal(TASK | more, TASK | more)


def test_prodigy_tasks_that_were_seen_and_have_no_entity_are_read() -> None:
    rows = read(*[TASK | {"_view_id": "ner_manual"}] * 2)
    assert [row.entities for row in rows] == [[], []]
