"""Rows are found whatever the bytes are; only a file that cannot be read at all is refused."""

import gzip
import io
import json
import zipfile
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techner.core.errors import FileError
from techner.formats import Fault, Row, read_rows
from techner.formats.conll import is_tagged
from techner.formats.nested import is_nested

RECORD = b'{"text": "use TLS", "entities": [[4, 7, "PROTOCOL"]]}'
CLASSIC = b'["use TLS", {"entities": [[4, 7, "PROTOCOL"]]}]'
TLS = ("use TLS", [[4, 7, "PROTOCOL"]])


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("batch.jsonl", data)
    return file.getvalue()


def read(data: bytes) -> list[Row]:
    return list(read_rows(data)[1])


def parts(data: bytes) -> list[tuple[object, object]]:
    return [(row.text, row.entities) for row in read(data)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(gzip.compress(RECORD)), "encoding: the file is gzip inside gzip"),
        (zipped(RECORD), "encoding: the file is a zip"),
        (RECORD.decode().encode("utf-16"), "encoding: the file is UTF-16"),
        (b"\xfe\xff" + RECORD.decode().encode("utf-16-be"), "encoding: the file is UTF-16"),
        (
            RECORD.decode().encode("utf-16-le"),
            "encoding: the file is UTF-16 or UTF-32 without a byte order mark",
        ),
        (b"\n[ \n] ", "empty: the file is an empty list"),
        (b"", "empty: "),
        (b" \n\r\n\t\n", "empty: "),
    ],
    ids=["gzip twice", "zip", "UTF-16 LE", "UTF-16 BE", "no mark", "empty list", "empty", "blank"],
)
def test_file_that_is_no_annotation_is_refused_by_its_content(data: bytes, said: str) -> None:
    with pytest.raises(FileError, match=f"^{said}"):
        read_rows(data)


@pytest.mark.parametrize(
    "data",
    [
        RECORD + b"\n" + RECORD + b"\n",
        RECORD + b"\n" + RECORD,
        RECORD + b"\r\n" + RECORD + b"\r\n",
        b"\xef\xbb\xbf" + RECORD + b"\n" + RECORD,
        RECORD + b"\r" + RECORD + b"\r",
        RECORD + b"\r" + RECORD + b"\r\n",
        CLASSIC + b"\n" + CLASSIC + b"\n",
        b"[" + CLASSIC + b", " + CLASSIC + b"]",
        b"[\n " + CLASSIC + b",\r\n " + CLASSIC + b"\n]\n",
        b"\xef\xbb\xbf[" + RECORD + b"," + RECORD + b"]",
        b"\n[" + RECORD + b"\n," + RECORD + b"]",
    ],
    ids=[
        "lines",
        "no trailing newline",
        "CRLF",
        "BOM",
        "CR",
        "CR, and CRLF at the end",
        "classic lines",
        "classic array",
        "classic array over lines",
        "array of records after BOM",
        "array after a blank line",
    ],
)
def test_two_rows_are_read_from(data: bytes) -> None:
    assert parts(data) == [TLS, TLS]


@pytest.mark.parametrize("data", [RECORD + b"\n" + CLASSIC, b"[" + RECORD + b",\n" + CLASSIC + b"]"])
def test_second_format_is_refused_even_after_many_rows(data: bytes) -> None:
    with pytest.raises(FileError, match=r"^mixed: row 1 is JSONL, row 2 is classic spaCy: "):
        read(data)
    rows = read_rows((RECORD + b"\n") * 500 + CLASSIC)[1]
    assert [next(rows).number for _ in range(500)] == list(range(1, 501))
    with pytest.raises(FileError, match=r"^mixed: row 1 is JSONL, row 501 is classic spaCy: "):
        next(rows)


def test_columns_whose_lines_end_with_cr_alone_are_read() -> None:
    assert parts(b"use\tO\rTLS\tB-PROTOCOL\r\r" * 2) == [TLS, TLS]


def test_cr_among_lines_that_end_otherwise_is_named() -> None:
    row = read(RECORD + b"\n" + RECORD + b"\r" + RECORD + b"\n")[1]
    assert row.fault is not None
    assert row.fault.detail.endswith("a CR does not end a line here: write LF")


def test_utf_16_without_a_mark_is_named_whatever_its_script() -> None:
    for coding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(
            FileError, match=r"^encoding: the file is UTF-16 or UTF-32 without a byte order mark"
        ):
            read(("\u4e2d\u56fd\tB-P\n\u7684\tO\n\n" * 9).encode(coding))


@pytest.mark.parametrize(
    ("many", "plain"),
    [
        ('{"text": "caf\u00e9"}\n', '{"text": "tea"}\n'),
        ("caf\u00e9\tO\n\n", "tea\tB-P\n\n"),
        ("caf\u00e9\tO\n\n", "word\ttag\ntea\tB-P\n\n"),
    ],
    ids=["JSON", "CoNLL", "word table"],
)
def test_file_in_another_encoding_is_one_refusal_and_a_damaged_row_is_its_own(many: str, plain: str) -> None:
    latin = many.encode("latin-1")
    with pytest.raises(FileError, match=r"^encoding: the file is not UTF-8 \(row \d+: .*byte \d+ is"):
        read(plain.encode() + latin * 25)
    for rows in (plain.encode() + latin * 24, plain.encode() + many.encode() + latin * 25):
        assert [row.fault.code for row in read(rows) if row.fault] == ["encoding"] * rows.count(b"\xe9")


def test_one_record_over_several_lines_is_one_row() -> None:
    assert parts(json.dumps(json.loads(RECORD), indent=2).encode()) == [TLS]


def test_item_of_a_list_keeps_its_bytes() -> None:
    spaced = RECORD.replace(b": ", b" :  ")
    assert [row.raw for row in read(b"[" + spaced + b" ,\n " + RECORD + b"\n]")] == [spaced, RECORD]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (b'{"text": "a", "text": "b"}', "json"),
        (b'{"text": NaN}', "json"),
        ('{"text": "café"}'.encode("latin-1"), "encoding"),
        (b"5", "shape"),
    ],
    ids=str,
)
def test_faulty_item_of_a_list_is_one_row(item: bytes, code: str) -> None:
    rows = read(b"[" + RECORD + b"," + item + b"," + RECORD + b"]")
    assert [row.fault and row.fault.code for row in rows] == [None, code, None]
    assert rows[1].raw == item


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[" + RECORD + b",\n" + RECORD[:-5], "item 2 of the list, line 2: "),
        (b"[" + RECORD + b",\n" + RECORD, "item 2 of the list, line 2: neither a comma nor the end"),
        (b"[" + RECORD + b"\n]\n" + RECORD, "item 1 of the list, line 2: something follows"),
        (b"[" + b'{"a":' * 100_000, "item 1 of the list, line 1: nested too deeply"),
    ],
    ids=["in an item", "after an item", "more", "deep"],
)
def test_broken_list_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(FileError, match=f"^json: {said}"):
        read(data)


def test_lines_that_are_lists_of_records_are_refused() -> None:
    with pytest.raises(FileError, match=r"^format: the format is not supported: JSON lists and no records"):
        read(b"[" + RECORD + b"]\n[" + RECORD + b"]\n")


def test_second_list_of_annotations_is_a_fault() -> None:
    row = read(
        b'{"text": "use TLS", "entities": [], "spans": [{"start": 4, "end": 7, "label": "PROTOCOL"}]}'
    )[0]
    assert row.fault == Fault("shape", "both 'entities' and 'spans' are lists of annotations: keep one")


def test_classes_of_a_text_are_no_second_list_of_annotations() -> None:
    assert parts(RECORD[:-1] + b', "labels": ["news"], "spans": []}') == [TLS]


def test_text_without_annotation_is_a_row_of_any_format() -> None:
    rows = read(RECORD + b'\n{"text": "nothing said", "id": 4}')
    assert [(row.text, row.entities, row.fault) for row in rows][1] == ("nothing said", None, None)


def test_one_classic_line_is_one_row() -> None:
    assert parts(CLASSIC) == [TLS]


@pytest.mark.parametrize("key", ["entities", "label", "labels"])
def test_entities_are_found_under(key: str) -> None:
    record = {"text": "use TLS", key: [[4, 7, "PROTOCOL"]], "id": 7}
    assert parts(json.dumps(record).encode()) == [TLS]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_row_is_not_torn_at(separator: str) -> None:
    # str.splitlines() would; some of these are not even legal in JSON, but they are one faulty row.
    data = f'{{"text": "a{separator}b", "entities": []}}'.encode() + b"\n" + RECORD
    assert [row.number for row in read(data)] == [1, 2]


def test_line_separator_stays_in_the_text() -> None:
    assert parts('{"text": "a\u2028b", "entities": []}'.encode()) == [("a\u2028b", [])]


def test_carriage_return_belongs_to_the_line_end_and_not_to_the_row() -> None:
    assert [row.raw for row in read(RECORD + b"\r\n" + RECORD + b"\r\n")] == [RECORD, RECORD]


def test_rows_are_numbered_by_physical_line() -> None:
    assert [row.number for row in read(b"\n" + RECORD + b"\n\n \n" + RECORD)] == [2, 5]


def test_items_of_an_array_are_numbered_from_one() -> None:
    assert [row.number for row in read(b"[" + RECORD + b"," + RECORD + b"]")] == [1, 2]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\xff\xfeno", "encoding"),
        ("café".encode("latin-1"), "encoding"),
        (b"{", "json"),
        (b'{"text": "a"} {"text": "b"}', "json"),
        (b'{"text": "a", "text": "b"}', "json"),
        (b'{"text": "a", "meta": {"x": 1, "x": 2}}', "json"),
        (b'{"text": NaN}', "json"),
        (b'{"text": -Infinity}', "json"),
        (b'{"text": 1' + b"0" * 5000 + b"}", "json"),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json"),
        (b"5", "shape"),
        (b"null", "shape"),
        (b'"text"', "shape"),
        (b'["text"]', "shape"),
        (b'["text", {"spans": []}]', "shape"),
        (b'["text", {"entities": []}, 3]', "shape"),
    ],
    ids=str,
)
def test_unreadable_line_carries_its_fault(line: bytes, code: str) -> None:
    row = read(RECORD + b"\n" + line)[1]
    assert row.fault is not None
    assert (row.fault.code, row.raw) == (code, line)


@given(st.binary())
@example(b"\xef\xbb\xbf")
@example(b"[]")
@example(b"[[")
@example(b"[" * 100_000)
@example(b'[{"a": 1, "a": 2}]')
@example(b"\xff\xfe")
@example(b"\r\r\n\r")
def test_arbitrary_bytes_raise_nothing_but_file_error(data: bytes) -> None:
    with suppress(FileError):
        assert all(row.raw for row in read(data))


@pytest.mark.parametrize("around", [b"%b", b"[%b]", b'{"examples": [%b]}'], ids=["line", "list", "object"])
def test_one_line_of_json_with_a_word_like_a_tag_is_json(around: bytes) -> None:
    record = b'{"text": "an E-mail by TLS", "entities": [[13, 16, "PROTOCOL"]]}'
    assert parts(around % record) == [("an E-mail by TLS", [[13, 16, "PROTOCOL"]])]


_LINE = st.binary(max_size=30).filter(lambda line: b"\n" not in line)


@given(st.lists(_LINE.filter(lambda line: not is_tagged(line)), max_size=20))  # those are CoNLL: mixed
@example([b"\xff" + b"\0" * 20])
@example([b"x=[]["])
@example([b"\tO", b" O"])
@example([b"LABELS = ['A']"])
def test_every_line_that_is_not_blank_is_one_row_with_its_bytes(lines: list[bytes]) -> None:
    rows = read(b"\n".join([RECORD, *lines]))
    expected = [(n, line.removesuffix(b"\r")) for n, line in enumerate(lines, 2) if line.strip()]
    assert [(row.number, row.raw) for row in rows[1:]] == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def _records(item: object) -> int:
    """Count what must become a row; an empty document is one too."""
    match item:
        case {"paragraphs": list(parts)} if is_nested(item):
            return max(1, len(parts))
        case {"annotations": list(parts)} if is_nested(item):
            return max(1, sum(part is not None for part in parts))
        case _:
            return 1


@given(st.lists(_JSON.filter(lambda item: isinstance(item, (list, dict))), min_size=1, max_size=8))
@example([{"paragraphs": []}])
@example([{"classes": [], "annotations": []}])
@example([{"classes": [], "annotations": [None, None]}, [], {"classes": [], "annotations": [None, 3, {}]}])
def test_every_item_of_an_array_is_a_row_for_each_of_its_texts(items: list[object]) -> None:
    data = json.dumps([json.loads(RECORD), *items]).replace("NaN", "0").replace("Infinity", "1")
    try:
        rows = read(data.encode())
    except FileError as error:
        assert str(error).startswith("mixed: ")  # noqa: PT017 - one of two right answers
    else:
        assert len(rows) == 1 + sum(map(_records, items))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b'{"paragraphs": []}', "no paragraphs"),
        (b'{"id": 3, "paragraphs": []}', "no paragraphs"),
        (b'{"classes": [], "annotations": []}', "no text of the document was annotated"),
        (b'{"classes": [], "annotations": [null, null]}', "no text of the document was annotated"),
    ],
)
def test_a_document_without_texts_is_one_faulty_row_with_its_bytes(document: bytes, says: str) -> None:
    row = read(RECORD + b"\n" + document)[1]
    assert row.raw == document
    assert row.fault is not None
    assert says in row.fault.detail


def test_the_texts_that_were_never_reached_are_counted() -> None:
    rows = read(
        b'{"classes": [], "annotations": [["TLS", {"entities": []}], null, ["SSL", {"entities": []}], null]}'
    )
    assert [(row.text, row.remarks) for row in rows] == [("TLS", ("unreached",) * 2), ("SSL", ())]
