"""What a record says beside the entities that are read: it was rejected, or holds another annotation."""

from typing import Any

import pytest

from techner.core.errors import BatchError
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats.review import _telling
from techner.formats.second import _annotation_keys
from techner.quality.checks import parse_row
from tests.formats.test_siblings import rows_of

TEXT = "use TLS or SSL"
TLS = {"start": 4, "end": 7, "label": "P"}
SSL = {"start": 11, "end": 14, "label": "P"}
FOUND = [[4, 7, "P"]]
BOTH = [[4, 7, "P"], [11, 14, "P"]]
RECORDS: dict[str, dict[str, Any]] = {
    "JSONL": {"text": TEXT, "entities": FOUND},
    "doccano": {"text": TEXT, "label": FOUND},
    "Prodigy": {"text": TEXT, "spans": [TLS], "_task_hash": 1},
    "Hugging Face": {"tokens": ["use", "TLS"], "ner_tags": ["O", "B-P"]},
    "spaCy JSON": {"text": TEXT, "ents": [TLS]},
    "entity objects": {"content": TEXT, "highlights": [TLS]},
}


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ({"status": "rejected"}, "reject"),
        ({"review_status": "REJECTED "}, "reject"),
        ({"annotationState": "Discarded"}, "reject"),
        ({"is_rejected": True}, "reject"),
        ({"deleted": True}, "reject"),
        ({"deleted": 1}, "reject"),
        ({"is_rejected": "True"}, "reject"),
        ({"is_valid": False}, "reject"),
        ({"correct": 0}, "reject"),
        ({"valid": "false"}, "reject"),
        ({"state": "skipped"}, "ignore"),
        ({"was_cancelled": True}, "ignore"),
        ({"status": "predicted"}, "ignore"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", [name for name in RECORDS if name != "doccano"])
def test_row_whose_record_says_that_it_was_rejected_or_skipped_is_not_taught(
    name: str, state: dict[str, Any], answer: str
) -> None:
    (row,) = rows_of(RECORDS[name] | state)
    assert row.answer == answer
    _, (fault,) = parse_row(row, QualityPolicy(), LabelScheme(None))
    assert fault.code == "answer"
    assert repr(next(iter(state))) in fault.detail


@pytest.mark.parametrize(
    "record",
    [RECORDS["Prodigy"] | {"answer": "accept"}, RECORDS["JSONL"] | {"answer": "accept"}, RECORDS["doccano"]],
    ids=["Prodigy", "JSONL", "doccano"],
)
@pytest.mark.parametrize(
    "state", [{"status": "deleted"}, {"is_rejected": True}, {"state": "skipped"}], ids=str
)
def test_metadata_of_the_source_do_not_overrule_what_the_tool_says(
    record: dict[str, Any], state: dict[str, Any]
) -> None:
    (row,) = rows_of(record | state)
    assert (row.answer, row.entities) == (record.get("answer"), FOUND)


@pytest.mark.parametrize(
    "state",
    [
        {"status": "done"},
        {"accepted": True},
        {"is_rejected": False},
        {"approved": False},
        {"accepted": False},
        {"accepted": 0},
        {"deleted": 0},
        {"is_rejected": "false"},
        {"skipped": 2},
        {"status": "true"},
        {"ticket_status": "rejected"},
        {"status": 404},
        {"reviewer": "skipped"},
        {"answer": "rejected offers are ignored"},
    ],
    ids=str,
)
def test_row_whose_record_says_nothing_of_the_kind_is_taught(state: dict[str, Any]) -> None:
    (row,) = rows_of(RECORDS["JSONL"] | state)
    assert (row.answer, row.entities) == (None, FOUND)


@pytest.mark.parametrize("state", [{"status": "rejected"}, {"deleted": True}, {"correct": False}], ids=str)
@pytest.mark.parametrize(
    "record",
    [
        {"text": TEXT, "entities": [SSL, TLS]},
        {"text": TEXT, "ents": [SSL, TLS]},
        {"content": TEXT, "highlights": [SSL, TLS]},
        {"text": TEXT, "annotations": [{"start_offset": 4, "end_offset": 7, "label": "P"}]},
    ],
    ids=lambda record: [*record][-1],
)
def test_text_with_an_entity_that_was_rejected_is_set_aside(
    record: dict[str, Any], state: dict[str, Any]
) -> None:
    *_, key = record
    *others, last = record[key]
    (row,) = rows_of(record | {key: [*others, last | state]})
    assert row.fault is not None
    assert row.fault.code == "conflict"
    assert repr(next(iter(state))) in row.fault.detail


@pytest.mark.parametrize("name", ["JSONL", "Prodigy", "spaCy JSON", "doccano"])
def test_rejected_entity_in_a_log_is_none_of_those_that_are_read(name: str) -> None:
    log = [{**SSL, "status": "deleted"}, {**TLS, "status": "rejected"}]
    (row,) = rows_of(RECORDS[name] | {"history": log})
    assert (row.entities, row.fault) == (FOUND, None)


@pytest.mark.parametrize(
    "more",
    [
        {"spans": {"sc": [TLS, SSL]}},
        {"gold_entities": BOTH},
        {"annotation": [TLS, SSL]},
        {"tokens": TEXT.split(), "ner_tags": ["O", "B-P", "O", "B-P"]},
        {"regions": [{"start": 4, "end": 7, "label": "Q"}]},
        {"mentions": [{"start": "4", "end": "7", "label": "P"}]},
    ],
    ids=lambda more: [*more][-1],
)
@pytest.mark.parametrize("is_pair", [False, True], ids=["record", "pair"])
def test_second_annotation_that_says_something_else_is_a_fault(
    more: dict[str, Any], *, is_pair: bool
) -> None:
    fields = {"entities": FOUND, **more}
    with pytest.raises(BatchError, match=r"^format: .*both '\w+' and '\w+' are lists of annotations"):
        rows_of(*[[TEXT, fields] if is_pair else {"text": TEXT, **fields}] * 2)


@pytest.mark.parametrize("name", ["JSONL", "doccano", "Hugging Face", "spaCy JSON"])
def test_entities_in_another_place_than_the_one_that_is_read_are_not_left_out(name: str) -> None:
    record = RECORDS[name]
    *_, key = record
    nothing = record | {key: [], "gold_entities": FOUND}
    if key == "ner_tags":
        nothing[key] = ["O", "O"]
    *_, row = rows_of(record, nothing)
    assert row.fault is not None
    assert "'gold_entities'" in row.fault.detail


@pytest.mark.parametrize(
    "more",
    [
        {"gold_entities": FOUND},
        {"gold_entities": []},
        {"spans": {"sc": [TLS]}},
        {"predictions": BOTH},
        {"model_entities": [TLS, SSL]},
        {"suggested_entities": [{**SSL, "score": 0.5}]},
        {"tokens": TEXT.split(), "ner_tags": ["O", "B-P", "O", "O"]},
        {"tokens": TEXT.split(), "chunk_tags": ["B-VP", "B-NP", "O", "B-NP"]},
        {"tags": ["B-tree", "I-beam"]},
        {"labels": ["PROTOCOL", "HARDWARE"]},
        {"relations": [[0, 1, "USES"]]},
    ],
    ids=str,
)
def test_second_annotation_that_says_the_same_or_nothing_is_no_fault(more: dict[str, Any]) -> None:
    (row,) = rows_of([TEXT, {"entities": FOUND, **more}])
    assert (row.entities, row.fault) == (FOUND, None)


@pytest.mark.parametrize(
    "key",
    [
        "pre_annotations", "llm_entities", "spacy_ents", "pattern_spans", "ruleSpans", "original_entities",
        "old_labels", "rejected_entities", "deleted_annotations", "skipped_spans", "entity_links",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "record",
    [RECORDS["JSONL"], RECORDS["entity objects"], RECORDS["JSONL"] | {"entities": []}],
    ids=["JSONL", "entity objects", "none"],
)
def test_list_that_no_person_made_or_kept_is_no_second_annotation(record: dict[str, Any], key: str) -> None:
    (row,) = rows_of(record | {key: [TLS, SSL]})
    assert (row.entities, row.fault) == ([] if record.get("entities") == [] else FOUND, None)


def test_person_who_accepted_a_text_without_entities_has_said_that_there_are_none() -> None:
    (row,) = rows_of(RECORDS["Prodigy"] | {"spans": [], "answer": "accept", "mentions": [TLS]})
    assert (row.entities, row.answer, row.fault) == ([], "accept", None)


@pytest.mark.parametrize("key", ["srl_tags", "slot_labels", "tag_spans", "intent_labels"])
@pytest.mark.parametrize("record", [RECORDS["Hugging Face"], RECORDS["JSONL"]], ids=["Hugging Face", "JSONL"])
def test_tags_of_something_else_are_no_second_annotation(record: dict[str, Any], key: str) -> None:
    (row,) = rows_of({"tokens": ["use", "TLS"]} | record | {key: ["B-V", "B-ARG"]})
    assert (row.entities, row.fault) == (FOUND, None)


@pytest.mark.parametrize("key", ["gold_tags", "entity_labels", "bio", "iobTags"])
def test_second_column_of_entity_tags_is_a_fault(key: str) -> None:
    (row,) = rows_of(RECORDS["Hugging Face"] | {key: ["O", "B-Q"]})
    assert row.fault is not None
    assert f"both 'ner_tags' and '{key}'" in row.fault.detail


NAMES = {"feature": {"names": ["B-P", "O", "B-Q"]}}


@pytest.mark.parametrize(
    ("inner", "remarks"),
    [
        ({"nested_ner_tags": ["B-Q", "O"]}, ("left_out",)),
        ({"nested_ner_tags": ["O", "O"]}, ()),
        ({"ner_tags": [1, 0], "nested_ner_tags": [1, 2]}, ("left_out",)),
        ({"ner_tags": [1, 0], "nested_ner_tags": [1, 1]}, ()),
    ],
    ids=str,
)
def test_tags_of_inner_entities_are_left_out_and_said(
    inner: dict[str, Any], remarks: tuple[str, ...]
) -> None:
    features = {"features": {"ner_tags": NAMES, "nested_ner_tags": NAMES}}
    (row,) = rows_of(RECORDS["Hugging Face"] | features | inner)
    assert (row.entities, row.remarks, row.fault) == (FOUND, remarks, None)


def test_tags_of_inner_entities_beside_offsets_are_a_second_annotation() -> None:
    more = {"tokens": ["use", "TLS"], "nested_ner_tags": ["O", "B-Q"]}
    (row,) = rows_of(RECORDS["JSONL"] | more)
    assert row.fault is not None
    assert "both 'entities' and 'nested_ner_tags'" in row.fault.detail


def test_record_with_very_many_keys_may_say_that_it_was_rejected() -> None:
    (row,) = rows_of(RECORDS["JSONL"] | {f"column{n}": n for n in range(41)} | {"status": "rejected"})
    assert (row.answer, row.answered_by) == ("reject", "status")


@pytest.mark.parametrize("name", ["column", "column" * 20], ids=["many", "long"])
def test_keys_of_hostile_records_are_not_kept(name: str) -> None:
    record = {"text": TEXT, "entities": FOUND}
    rows_of(record)
    before = [cache.cache_info().misses for cache in (_annotation_keys, _telling)]
    (row,) = rows_of(record | {f"{name}{n}": FOUND for n in range(50)})
    assert row.entities == FOUND
    assert [cache.cache_info().misses for cache in (_annotation_keys, _telling)] == before
