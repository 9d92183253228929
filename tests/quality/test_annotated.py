"""Files of gold, reference and training rows pass the checks of deliveries; what is not used is said."""

import json
from typing import Any

import pytest
import spacy

from techner.core.errors import BatchError
from techner.core.policy import QualityPolicy
from techner.quality.annotated import SCORED, AnnotatedFile, Tokenizer, read_annotated, require_usable

PLAIN = spacy.blank("en").tokenizer
TOKENIZER = Tokenizer(
    tokenize=lambda text: [(token.idx, token.idx + len(token)) for token in PLAIN(text)], cuts_at_space=True
)
POLICY = QualityPolicy()
ADA = {"text": "Ada sat", "entities": [[0, 3, "PERSON"]]}
FAULTS: dict[str, dict[str, Any]] = {
    "offset_range": {"text": "Bo sat", "entities": [[0, 99, "PERSON"]]},
    "overlap": {"text": "Bo Li sat", "entities": [[0, 2, "PERSON"], [0, 5, "PERSON"]]},
    "scope": {"text": "Bo sat", "entities": [[0, 2, "PERSON"]], "scope": ["ORG"]},
    "mojibake": {"text": "Bo \ufffd sat", "entities": []},
    "misaligned": {"text": "Robert sat", "entities": [[0, 3, "PERSON"]]},
    "span_edge": {"text": "Bo sat", "entities": [[0, 3, "PERSON"]]},
    "entities_type": {"text": "Bo sat"},
    "shape": {"text": "Bo sat", "ents": "Bo"},
}


def read(*rows: Any, takes_texts: bool = False, noted: frozenset[str] = frozenset()) -> AnnotatedFile:
    data = "\n".join(map(json.dumps, rows)).encode()
    return read_annotated(
        data, "gold.jsonl", tokenizer=TOKENIZER, policy=POLICY, takes_texts=takes_texts, noted=noted
    )


@pytest.mark.parametrize("code", FAULTS)
def test_a_faulty_row_is_set_aside_with_its_reason_and_the_rest_is_used(code: str) -> None:
    found = read(ADA, FAULTS[code])
    assert [(one.row, one.code) for one in found.set_aside] == [(2, code)]
    assert [example.text for example in found.examples] == ["Ada sat"]
    assert f"row 2: {code}: " in found.reasons


def test_copies_that_contradict_each_other_are_all_set_aside() -> None:
    found = read(ADA, {"text": "Ada sat", "entities": []}, {"text": "Bo sat", "entities": []})
    assert [(one.row, one.code) for one in found.set_aside] == [(1, "conflict"), (2, "conflict")]
    assert [example.text for example in found.examples] == ["Bo sat"]


def test_exact_copies_count_once_and_are_no_fault() -> None:
    found = read(ADA, ADA, ADA)
    assert (len(found.examples), found.repeated, found.set_aside) == (1, 2, ())


def test_gold_to_score_keeps_what_a_public_set_may_have_and_counts_it() -> None:
    rows = ADA, ADA, {"text": "Ada sat", "entities": []}, FAULTS["misaligned"], FAULTS["span_edge"]
    found = read(*rows, noted=SCORED)
    assert (len(found.examples), found.set_aside) == (5, ())
    assert set(found.noted) == {"conflict", "misaligned", "span_edge"}


def test_a_row_of_text_alone_is_taken_where_the_file_may_have_such_rows() -> None:
    found = read(ADA, {"text": "Bo sat"}, {"text": "Cy \ufffd sat"}, {"text": " "}, takes_texts=True)
    assert found.texts == ("Bo sat",)
    assert [(one.row, one.code) for one in found.set_aside] == [(3, "mojibake"), (4, "text_empty")]


@pytest.mark.parametrize(
    "row",
    [
        {"text": "Ada sat", "ents": [{"start": 0, "end": 3, "kind": 7}], "meta": 1},
        {"text": "Ada sat", "_task_hash": 1, "meta": {"ner": ["Ada"]}},
    ],
    ids=["unknown", "Prodigy"],
)
def test_a_row_with_annotation_that_is_not_read_is_never_text_alone(row: Any) -> None:
    found = read(row, takes_texts=True)
    assert found.texts == ()
    assert found.rows_set_aside + len(found.examples) == 1  # set aside, or read by now


@pytest.mark.parametrize(
    "text",
    [
        "<PERSON>Ada</PERSON> sat",
        '<ENAMEX TYPE="PERSON">Ada</ENAMEX> sat',
        "[Ada](PERSON) sat",
        '[Ada]{"entity": "PERSON"} sat',
        "Ada/B-PER sat/O",
        "Ada|B-PERSON sat|O",
        "[@Ada#PERSON*] sat",
        "a <FILE_FORMAT>CSV</FILE_FORMAT> it is",
    ],
)
def test_a_text_with_annotation_inside_it_is_never_text_alone(text: str) -> None:
    found = read({"text": text}, {"text": "Bo sat"}, takes_texts=True)
    assert found.texts == ("Bo sat",)
    assert "annotation inside the text" in found.reasons


@pytest.mark.parametrize(
    "text", ["<b>Ada</b> and </TABLE>", "[Ada](ada.html) [x](URL)", "an I/O B-52 and/or A/B-tests", "a[1](X)"]
)
def test_markup_of_other_kinds_is_text(text: str) -> None:
    assert read({"text": text}, takes_texts=True).texts == (text,)


def test_tasks_with_predictions_alone_are_refused_whole() -> None:
    task = {"data": {"text": "Ada sat"}, "annotations": [], "predictions": [{"result": [{"id": 1}]}]}
    with pytest.raises(BatchError, match="only predictions"):
        read(task, takes_texts=True)


def test_a_task_that_nobody_annotated_yet_is_text_alone() -> None:
    task = {"data": {"text": "Ada sat"}, "annotations": [], "predictions": [], "drafts": []}
    assert read(task, takes_texts=True).texts == ("Ada sat",)


def test_every_row_is_in_one_place() -> None:
    refused = {"text": "Di sat", "spans": [], "answer": "reject"}
    prodigy = [{"text": "Ada sat", "spans": []}, {"text": "Ada sat", "spans": []}, refused]
    found = read(*prodigy, {"text": "Cy \ufffd", "spans": []})
    assert (found.read, len(found.examples), found.repeated, found.passed_over, found.rows_set_aside) == (
        4,
        1,
        1,
        1,
        1,
    )


def test_a_file_with_too_many_faulty_rows_trains_and_judges_nothing() -> None:
    require_usable(read(*[dict(ADA, text=f"Ada sat {n}") for n in range(4)], FAULTS["overlap"]), POLICY)
    with pytest.raises(BatchError, match=r"gold\.jsonl: 1 of 2 rows cannot be used: 1 overlap \(row 2"):
        require_usable(read(ADA, FAULTS["overlap"]), POLICY)


def test_a_second_format_is_refused_with_the_name_of_the_file() -> None:
    with pytest.raises(BatchError, match=r"gold\.jsonl: mixed: row 1 is JSONL, row 2 is doccano"):
        read(ADA, {"text": "c d", "label": []})
