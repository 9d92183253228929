"""What looks like a delivery that is read, and would be taught wrongly: evidence ignored, spans left out."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
import spacy
from spacy.tokens import DocBin, Span

from techner.core.errors import BatchError
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Fault, Row, read_rows
from techner.quality.checks import parse_row

TEXT = "use TLS or SSL"
TLS = {"start": 4, "end": 7, "label": "P"}
REGION = {"start": 4, "end": 7, "text": "TLS", "labels": ["P"]}
TOKENS = [{"text": word, "start": at, "end": at + len(word)} for word, at in (("use", 0), ("TLS", 4))]


def rows_of(*records: object) -> list[Row]:
    return list(read_rows("\n".join(map(json.dumps, records)).encode())[1])


def fault_of(record: object) -> Fault:
    (row,) = rows_of(record)
    assert row.fault is not None
    return row.fault


def task(**more: Any) -> dict[str, Any]:
    return {"text": TEXT, "spans": [TLS], "_task_hash": 1, "answer": "accept"} | more


@pytest.mark.parametrize(
    "more",
    [
        {"_view_id": "choice", "accept": ["P"]},
        {"_view_id": "html"},
        {"_view_id": "choice", "spans": []},
        {"_view_id": "review", "view_id": "ner"},
        {"meta": {"score": 0.4}},
        {"score": 0.4, "priority": 0.4},
        {"spans": [{**TLS, "answer": "reject"}], "_view_id": "ner_manual"},
    ],
    ids=str,
)
def test_prodigy_task_in_which_nothing_else_could_be_marked_is_not_complete(more: dict[str, Any]) -> None:
    assert fault_of(task(**more))[0] == "binary"


@pytest.mark.parametrize("view", ["ner_manual", "spans_manual", "blocks", "relations", "review"])
def test_prodigy_task_in_which_spans_can_be_marked_is_read(view: str) -> None:
    assert rows_of(task(_view_id=view, view_id="ner_manual"))[0].entities == [[4, 7, "P"]]


@pytest.mark.parametrize("answer", ["REJECT", " Reject", "Ignore"])
def test_answer_counts_in_any_case(answer: str) -> None:
    (row,) = rows_of(task(_view_id="ner_manual", answer=answer))
    _, faults = parse_row(row, QualityPolicy(), LabelScheme(None))
    assert [fault.code for fault in faults] == ["answer"]


def test_prodigy_span_that_counts_tokens_alone_is_placed_by_them() -> None:
    span = {"token_start": 1, "token_end": 1, "label": "P"}
    assert rows_of(task(spans=[span], tokens=TOKENS, _view_id="ner_manual"))[0].entities == [[4, 7, "P"]]
    assert "counts tokens" in fault_of(task(spans=[span], _view_id="ner_manual"))[1]


def marked(*regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": {"text": TEXT}, "annotations": [{"result": [*regions]}], **more}


@pytest.mark.parametrize("kind", ["taxonomy", "choices"])
def test_label_studio_region_that_no_label_names_is_not_left_out(kind: str) -> None:
    other = {"type": kind, "to_name": "text", "value": {"start": 4, "end": 7, kind: [["Tech", "P"]]}}
    assert f"'{kind}' marks 4-7" in fault_of(marked(other))[1]
    assert rows_of(marked({"type": "labels", "to_name": "text", "value": REGION}, other))[0].entities


def test_label_studio_drafts_alone_are_refused_by_name() -> None:
    drafts = [{"result": [{"type": "labels", "value": REGION}]}]
    with pytest.raises(BatchError, match=r"^format: Label Studio's tasks have only drafts"):
        rows_of({"data": {"text": TEXT}, "annotations": [], "drafts": drafts})


@pytest.mark.parametrize("name", ["label", "entities", "spans", "ner_tags", "tokens", "ents", "annotations"])
@pytest.mark.parametrize("regions", [[REGION], REGION], ids=["list", "alone"])
def test_json_min_is_read_whatever_its_control_tag_is_called(name: str, regions: object) -> None:
    records = {"text": TEXT, "annotation_id": 1, name: regions}, {"text": "none", "annotation_id": 2}
    assert [row.entities for row in rows_of(*records)] == [[[4, 7, "P"]], []]


@pytest.mark.parametrize("other", ["labels", "annotations"])
def test_doccano_record_with_two_lists_of_spans_is_a_fault(other: str) -> None:
    spans: list[Any] = [[4, 7, "P"]]
    objects = [{"start_offset": 4, "end_offset": 7, "label": "P"}]
    given = spans if other == "labels" else objects
    assert f"both 'label' and '{other}'" in fault_of({"text": TEXT, "label": [], other: given})[1]
    assert rows_of({"text": TEXT, "label": spans, other: given})[0].entities == spans


def test_docbin_whose_span_groups_hold_more_than_its_entities_is_a_fault() -> None:
    bin_ = DocBin()
    for group in ([], ["TLS"], ["TLS", "SSL"]):
        doc = spacy.blank("en")(TEXT)
        doc.set_ents([Span(doc, 1, 2, label="P")])
        doc.spans["sc"] = [doc[1:2] if word == "TLS" else doc[3:4] for word in group]
        bin_.add(doc)
    first, same, more = read_rows(bin_.to_bytes())[1]
    assert (first.entities, same.entities) == ([[4, 7, "P"]], [[4, 7, "P"]])
    assert more.fault is not None
    assert "11-14, `doc.ents` does not" in more.fault.detail


def columns(first: str) -> bytes:
    """Write ten sentences of three words, with another column before them."""
    lines = [
        first.format(sentence=100 + at // 3, line=1000 + at) + f"\tword{at}\t{'B-P' if at % 3 else 'O'}"
        for at in range(30)
    ]
    return "\n\n".join("\n".join(lines[at : at + 3]) for at in range(0, 30, 3)).encode()


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("doc{sentence}", "the same word over and over"),
        ("Sentence: {sentence}", "the same word over and over"),
        ("{line}", "numbers"),
        ("{sentence}-{line}", "numbers"),
        ("{line}\t{line}", "numbers"),
        ("", "nothing"),
    ],
)
def test_column_of_anything_but_words_is_not_taught_as_words(first: str, said: str) -> None:
    with pytest.raises(
        BatchError, match=f"^format: CoNLL, column 1, where the words should be, holds {said}"
    ):
        list(read_rows(columns(first))[1])


def test_tags_that_are_none_are_refused_in_one_finding() -> None:
    data = b"use\tO\nof\tO\nTLS\tPROTO-B\n\n" * 10
    with pytest.raises(
        BatchError, match=r"^format: CoNLL, the last column holds no tag but O, and 'PROTO-B'"
    ):
        list(read_rows(data)[1])


def zipped(*names: str, content: str = "") -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1\x15\x04", "Parquet"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "Arrow"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office file"),
        (b"\x80\x04\x95", "a pickle"),
        (b"BZh91AY&SY", "bzip2"),
        ("{}".encode("utf-32"), "UTF-32"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook; save the sheet as CSV"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
        (
            zipped("mimetype", content="application/vnd.oasis.opendocument.spreadsheet"),
            "an OpenDocument file",
        ),
        (zipped("all.jsonl"), "a zip archive; deliver the file inside"),
        (b"a.jsonl".ljust(257, b"\0") + b"ustar", "a tar archive"),
    ],
    ids=lambda said: said if isinstance(said, str) else "",
)
def test_file_of_another_kind_is_named(data: bytes, said: str) -> None:
    with pytest.raises(BatchError, match=f"^encoding: the file is {said}"):
        read_rows(data)


def test_files_with_a_byte_order_mark_may_be_joined() -> None:
    line = json.dumps({"text": TEXT, "entities": []}).encode()
    assert [row.text for row in read_rows(b"\n".join([b"\xef\xbb\xbf" + line] * 2))[1]] == [TEXT] * 2


def test_names_beside_tags_are_no_second_annotation() -> None:
    tags = {"tokens": ["use", "TLS"], "ner_tags": ["O", "B-P"], "langs": ["en", "en"]}
    rows = rows_of({**tags, "spans": ["P: TLS"]}, {"tokens": ["no"], "ner_tags": ["O"], "spans": []})
    assert [(row.text, row.entities) for row in rows] == [("use TLS", [[4, 7, "P"]]), ("no", [])]


@pytest.mark.parametrize("entities", [["O", "B-P"], "4-7", [["TLS", "P"]], {"P": [[4, 7]]}], ids=str)
def test_pairs_whose_entities_have_no_offsets_are_one_refusal(entities: object) -> None:
    with pytest.raises(BatchError, match=r"^format: classic spaCy, entities are "):
        rows_of(*[["use TLS", {"entities": entities}]] * 2)


def test_records_over_several_lines_one_after_the_other_are_named() -> None:
    data = "\n".join(json.dumps({"text": TEXT, "entities": [[4, 7, "P"]]}, indent=1) for _ in range(3))
    with pytest.raises(BatchError, match=r"^format: JSON over several lines .* write one record a line"):
        read_rows(data.encode())


@pytest.mark.parametrize(
    "line",
    [
        "T1\tP 4 7\tTLS",
        "R1\tUses Arg1:T1 Arg2:T2",
        "E1\tP:T1 Arg:T2",
        "#1\tAnnotatorNotes T1\tso",
        "A1\tNeg T1",
    ],
)
def test_brat_is_named_whatever_its_first_line_is(line: str) -> None:
    with pytest.raises(BatchError, match="brat's standoff"):
        read_rows(f"{line}\nT2\tP 4 7\tTLS\n".encode())
