"""What some tools do and others do not: answers, several annotators, cancelled work."""

import json

import pytest

from techner.core.errors import BatchError
from techner.formats import Fault, Row, read_rows


def row_of(record: object) -> Row:
    return next(read_rows(json.dumps(record).encode())[1])


def labels(*spans: tuple[int, int, str]) -> dict[str, object]:
    return {
        "result": [
            {"type": "labels", "to_name": "text", "value": {"start": start, "end": end, "labels": [label]}}
            for start, end, label in spans
        ]
    }


def task(*annotations: object, **data: object) -> dict[str, object]:
    return {"data": data or {"text": "use TLS or SSL"}, "annotations": list(annotations)}


TLS, SSL = (4, 7, "P"), (11, 14, "P")


def test_annotators_who_agree_in_another_order_are_one_annotation() -> None:
    assert row_of(task(labels(TLS, SSL), labels(SSL, TLS))).entities == [[4, 7, "P"], [11, 14, "P"]]


@pytest.mark.parametrize(
    "other",
    [labels(TLS), labels((4, 7, "Q"), SSL), labels(), labels((4, "7", "P"), SSL)],  # type: ignore[arg-type]
)
def test_annotators_who_disagree_are_a_fault_that_says_who(other: object) -> None:
    row = row_of(task(labels(TLS, SSL), labels(TLS, SSL), other))
    detail = "annotations 1 and 3 of the task disagree: keep one and cancel the others"
    assert (row.fault, row.entities) == (Fault("conflict", detail), None)


@pytest.mark.parametrize("flag", ["was_cancelled", "skipped"])
def test_cancelled_annotation_is_none(flag: str) -> None:
    assert row_of(task({**labels(TLS), flag: True}, labels(SSL))).entities == [[11, 14, "P"]]


def test_task_that_was_only_skipped_is_ignored() -> None:
    row = row_of(task({**labels(TLS), "was_cancelled": True}))
    assert (row.entities, row.answer) == (None, "ignore")


REJECTED = [
    {"last_action": "rejected"},
    {"reviews": [{"accepted": True}, {"accepted": False}]},
    {"last_action": "rejected", "reviews": [{"accepted": False}]},
]


@pytest.mark.parametrize("review", REJECTED)
def test_an_annotation_that_a_reviewer_rejected_is_none(review: dict[str, object]) -> None:
    rejected = labels(TLS) | review
    assert row_of(task(rejected, labels(SSL))).entities == [[11, 14, "P"]]
    alone = row_of(task(rejected))
    assert (alone.entities, alone.answer) == (None, "reject")
    stored = row_of({**rejected, "task": {"data": {"text": "use TLS or SSL"}}})
    assert (stored.entities, stored.answer) == (None, "reject")


@pytest.mark.parametrize(
    "review",
    [
        {"last_action": "accepted", "reviews": []},
        {"last_action": "submitted", "reviews": [{"accepted": False}]},  # mended since, to be seen again
        {"reviews": [{"accepted": False}, {"accepted": True}]},
        {"reviews": "none"},
    ],
)
def test_an_annotation_that_no_reviewer_rejected_last_is_read(review: dict[str, object]) -> None:
    assert row_of(task(labels(TLS) | review)).entities == [[4, 7, "P"]]


@pytest.mark.parametrize("record", [task(), {"data": {"text": "a"}}])
def test_task_that_nobody_annotated_has_no_entities(record: object) -> None:
    row = row_of(record)
    assert (row.entities, row.answer, row.fault) == (None, None, None)


def test_annotation_that_marked_nothing_says_that_there_is_nothing() -> None:
    assert row_of(task(labels())).entities == []


def test_region_of_two_labels_is_two_entities_and_one_of_none_has_no_label() -> None:
    result = labels(TLS)
    result["result"][0]["value"]["labels"] = ["P", "Q"]  # type: ignore[index]
    assert row_of(task(result)).entities == [[4, 7, "P"], [4, 7, "Q"]]
    result["result"][0]["value"]["labels"] = []  # type: ignore[index]
    assert row_of(task(result)).entities == [[4, 7, None]]


def test_older_exports_call_annotations_completions() -> None:
    assert row_of({"data": {"text": "use TLS"}, "completions": [labels(TLS)]}).entities == [[4, 7, "P"]]


def test_text_is_the_only_string_where_no_key_says_so() -> None:
    assert row_of(task(labels(TLS), body="use TLS", number=4)).text == "use TLS"
    fault = row_of(task(labels(TLS), body="use TLS", title="more")).fault
    assert fault
    assert "which text was annotated, 'body', 'title'?" in fault.detail


HTML = {"type": "hypertextlabels", "value": {"start": "/p[1]", "end": "/p[1]", "hypertextlabels": ["P"]}}
TITLE = {"type": "labels", "to_name": "title", "value": {"start": 0, "end": 3, "labels": ["P"]}}


@pytest.mark.parametrize(
    "annotations",
    [
        [{"result": [*labels(TLS)["result"], TITLE]}],  # type: ignore[misc]
        [{"result": None}],
        [{"result": [7]}],
        [7],
        7,
    ],
    ids=["two texts", "no result", "no region", "no annotation", "no list"],
)
def test_task_whose_offsets_cannot_be_meant_is_a_fault(annotations: object) -> None:
    fault = row_of({"data": {"text": "use TLS"}, "annotations": annotations}).fault
    assert fault
    assert fault.code == "shape"


def test_tasks_in_html_or_with_predictions_alone_are_refused_in_one_sentence() -> None:
    with pytest.raises(BatchError, match=r"^format: Label Studio's HyperText: "):
        row_of(task({"result": [HTML]}))
    with pytest.raises(BatchError, match=r"^format: Label Studio's tasks have only predictions"):
        row_of({"data": {"text": "a"}, "predictions": [labels(TLS)]})


def test_json_min_of_a_task_that_nobody_annotated_has_no_entities() -> None:
    assert row_of({"text": "a", "annotation_id": None, "annotator": {}}).entities is None


def test_json_min_finds_regions_under_any_name_and_leaves_other_lists_out() -> None:
    record = {
        "text": "use TLS",
        "id": 3,
        "what": [{"start": 4, "end": 7, "labels": ["P"]}],
        "sure": ["yes", {"choices": ["no"]}],
        "annotation_id": 1,
        "created_at": "2026-03-02T09:00:00Z",
    }
    assert row_of(record).entities == [[4, 7, "P"]]
    record["body"] = record.pop("text")
    assert row_of(record).text == "use TLS"


@pytest.mark.parametrize("answer", ["accept", "reject", "ignore"])
def test_answer_of_the_annotator_is_kept(answer: str) -> None:
    for key in ("spans", "entities"):
        assert row_of({"text": "a", key: [], "answer": answer}).answer == answer


def test_answer_that_is_none_is_left_out() -> None:
    assert row_of({"text": "a", "entities": [], "answer": "Paris"}).answer is None


@pytest.mark.parametrize(
    ("extra", "entities"),
    [
        ({"_view_id": "ner_manual"}, []),
        ({"_view_id": "textcat", "label": ["P"]}, None),
        ({}, None),
        ({"spans": None}, None),
        ({"spans": {"start": 1}}, {"start": 1}),
        ({"spans": [{"start": 1}, 7]}, [[1, None, None], 7]),
    ],
    ids=str,
)
def test_prodigy_task_without_spans_has_none_only_where_they_could_be_marked(
    extra: dict[str, object], entities: object
) -> None:
    row = row_of({"text": "use TLS", "_task_hash": 5, "answer": "accept", **extra})
    assert (row.text, row.entities) == ("use TLS", entities)


@pytest.mark.parametrize("label", ["positive", None, 7])
def test_label_of_a_whole_text_is_no_list_of_entities(label: object) -> None:
    row = [*read_rows(b'{"text": "alone"}\n' + json.dumps({"text": "a", "label": label}).encode())[1]][1]
    assert row.entities is None


def test_doccano_span_is_handed_on_as_it_is() -> None:
    spans = [[1, 2], "P", {"start_offset": 3, "label": 4}]
    assert row_of({"text": "a", "labels": spans}).entities == [[1, 2], "P", [3, None, 4]]
