"""Rows are found whatever the bytes are; only a file that cannot be read at all is refused."""

import gzip
import io
import json
import zipfile
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techner.core.errors import BatchError
from techner.formats import Row, read_rows

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
        (gzip.compress(RECORD), "encoding: the file is gzip"),
        (zipped(RECORD), "encoding: the file is a zip"),
        (RECORD.decode().encode("utf-16"), "encoding: the file is UTF-16"),
        (b"\xfe\xff" + RECORD.decode().encode("utf-16-be"), "encoding: the file is UTF-16"),
        (b"", "empty: "),
        (b" \n\r\n\t\n", "empty: "),
    ],
    ids=["gzip", "zip", "UTF-16 LE", "UTF-16 BE", "empty", "blank"],
)
def test_file_that_is_no_annotation_is_refused_by_its_content(data: bytes, said: str) -> None:
    with pytest.raises(BatchError, match=f"^{said}"):
        read_rows(data)


@pytest.mark.parametrize(
    "data",
    [
        RECORD + b"\n" + RECORD + b"\n",
        RECORD + b"\n" + RECORD,
        RECORD + b"\r\n" + RECORD + b"\r\n",
        b"\xef\xbb\xbf" + RECORD + b"\n" + RECORD,
        CLASSIC + b"\n" + CLASSIC + b"\n",
        RECORD + b"\n" + CLASSIC,
        b"[" + CLASSIC + b", " + CLASSIC + b"]",
        b"[\n " + CLASSIC + b",\r\n " + CLASSIC + b"\n]\n",
        b"\xef\xbb\xbf[" + RECORD + b"," + RECORD + b"]",
        b"\n[" + RECORD + b"," + CLASSIC + b"]",
    ],
    ids=[
        "lines",
        "no trailing newline",
        "CRLF",
        "BOM",
        "classic lines",
        "mixed lines",
        "classic array",
        "classic array over lines",
        "array of records after BOM",
        "mixed array",
    ],
)
def test_two_rows_are_read_from(data: bytes) -> None:
    assert parts(data) == [TLS, TLS]


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
    assert (row.fault[0], row.raw) == (code, line)


@given(st.binary())
@example(b"\xef\xbb\xbf")
@example(b"[]")
@example(b"[[")
@example(b"[" * 100_000)
@example(b'[{"a": 1, "a": 2}]')
@example(b"\xff\xfe")
@example(b"\r\r\n\r")
def test_arbitrary_bytes_raise_nothing_but_batch_error(data: bytes) -> None:
    with suppress(BatchError):
        assert all(row.raw for row in read(data))


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=20))
def test_every_line_that_is_not_blank_is_one_row_with_its_bytes(lines: list[bytes]) -> None:
    rows = read(b"\n".join([RECORD, *lines]))
    expected = [(n, line.removesuffix(b"\r")) for n, line in enumerate(lines, 2) if line.strip()]
    assert [(row.number, row.raw) for row in rows[1:]] == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(_JSON.filter(lambda item: isinstance(item, (list, dict))), min_size=1, max_size=8))
def test_every_item_of_an_array_is_one_row(items: list[object]) -> None:
    assert len(
        read(json.dumps([{}, *items], allow_nan=True).replace("NaN", "0").replace("Infinity", "1").encode())
    ) == (len(items) + 1)
