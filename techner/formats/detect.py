"""Which reader a delivery needs: decided by its content, never by its name."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any

from techner.core.errors import BatchError
from techner.formats import (
    classic,
    conll,
    dataturks,
    docbin,
    doccano,
    huggingface,
    jsonl,
    label_studio,
    label_studio_min,
    nested,
    prodigy,
    python_literal,
    spacy_json,
    unknown,
)
from techner.formats.json_files import is_json_list, json_lines, json_list, json_record
from techner.formats.packed import unpack
from techner.formats.rows import Item, Row, ShapeError
from techner.formats.unread import READ, sign_of_annotation

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_TAR_AT = 257
_PICKLE = "a pickle, which is never opened; export the annotation as JSONL"
_FOREIGN = {
    _GZIP: "gzip inside gzip; pack it once",
    b"PK\x03\x04": "a zip archive; deliver the file inside",
    b"PK\x05\x06": "an empty zip archive; deliver the file itself",
    b"\xff\xfe\0\0": "UTF-32; export as UTF-8",
    b"\0\0\xfe\xff": "UTF-32; export as UTF-8",
    b"\xff\xfe": "UTF-16; export as UTF-8",
    b"\xfe\xff": "UTF-16; export as UTF-8",
    b"PAR1\x15": "Parquet; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"ARROW1\0\0": "Arrow; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"\xff\xff\xff\xff": "Arrow; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"\xd0\xcf\x11\xe0": "an old Office file; export the annotation as JSONL or CoNLL",
    b"SQLite format 3": "an SQLite database; export the annotation from its tool",
    b"%PDF-": "a PDF; export the annotation from its tool",
    b"BZh91AY&SY": "bzip2; pack it with gzip, or not at all",
    b"\xfd7zXZ": "xz; pack it with gzip, or not at all",
    b"\x28\xb5\x2f\xfd": "zstd; pack it with gzip, or not at all",
    b"7z\xbc\xaf": "a 7z archive; deliver the file inside",
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
}
_HEAD_BYTES = 1 << 16
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")
_NAMING_ROWS = 100
"""How many rows are looked at for the name of the format; all are looked at for a second format."""
_NAMING_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A reader of JSON records. No record is recognised by two of them."""

    name: str
    recognises: Callable[[Any], bool]
    read: Callable[[int, bytes, Any], Row]


_READERS = (
    jsonl,
    doccano,
    prodigy,
    label_studio,
    label_studio_min,
    huggingface,
    classic,
    spacy_json,
    dataturks,
    nested,
)
RECORD_FORMATS = tuple(RecordFormat(module.NAME, module.recognises, module.read) for module in _READERS)
_OF_LABEL_STUDIO = {module.NAME: module for module in (label_studio, label_studio_min)}
"""Their records do not say which text was annotated; the file does."""


def read_rows(data: bytes) -> tuple[str, Iterator[Row]]:
    """Return the name of the format and the rows.

    Raises BatchError where the whole file cannot be read; also while the rows are taken, for what shows only
    there: a second format, a list that breaks off.
    """
    if not data.startswith(_GZIP):
        return _read_unpacked(data)
    name, rows = _read_unpacked(unpack(data, what="gzip data"))
    return f"{name}, gzip", rows


def _read_unpacked(data: bytes) -> tuple[str, Iterator[Row]]:
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise BatchError(f"encoding: the file is {what}")
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise BatchError("encoding: the file is a tar archive; deliver the files inside")
    if b"\0" in data[:4]:
        raise BatchError("encoding: the file is UTF-16 or UTF-32 without a mark; export as UTF-8")
    if docbin.is_docbin(data):
        return docbin.NAME, docbin.read_docbin(data)
    data = data.removeprefix(_BOM)  # framing, not data
    if data.isspace() or not data:
        raise BatchError("empty: the file has no rows")
    if _EMPTY_LIST.fullmatch(data):
        raise BatchError("empty: the file is an empty list")
    return _read_text(data)


def _read_text(data: bytes) -> tuple[str, Iterator[Row]]:
    if columns := conll.columns_of(data):
        return conll.NAME, conll.read_conll(data, columns)
    head = data[:_HEAD_BYTES].decode("utf-8", "replace")
    if python_literal.is_python(head, data):
        name, rows = _read_records(python_literal.read_python(data, _is_record))
        return f"{name}, Python", rows
    if huggingface.is_document(data):
        return _read_records(huggingface.document_rows(data))
    if is_json_list(data):
        return _read_records(json_list(data))
    return _read_records(json_record(data) or json_lines(data))


def _is_record(value: Any) -> bool:
    return format_of(value) is not None


def _read_records(items: Iterator[Item]) -> tuple[str, Iterator[Row]]:
    items = nested.taken_apart(items)
    head = _head(items)
    if not head:
        raise BatchError("empty: the file has no rows")
    records = [value for _, _, value, fault in head if not fault and format_of(value)]
    if not records:
        unknown.refuse_unknown(head)
        return "JSON", nested.with_unreached(_rows(chain(head, items)))
    first = format_of(records[0])
    if first and (tool := _OF_LABEL_STUDIO.get(first.name)):
        records = [record for record in records if tool.recognises(record)]
        if why := tool.refusal(records):
            raise BatchError(f"format: {why}")
        read = partial(tool.read, usual=tool.usual_text(records))
        formats = [replace(one, read=read) if one is first else one for one in RECORD_FORMATS]
    else:
        formats = [*RECORD_FORMATS]
    rows = nested.with_unreached(_rows(chain(head, items), formats))
    return (first.name if first else "JSON"), rows


def _head(items: Iterator[Item]) -> list[Item]:
    """Take the first rows, no more bytes of them than needed: a record takes thirty times as much memory."""
    head: list[Item] = []
    size_bytes = 0
    for item in islice(items, _NAMING_ROWS):
        head.append(item)
        size_bytes += len(item[1])
        if size_bytes > _NAMING_BYTES:
            break
    return head


def format_of(record: Any, formats: Iterable[RecordFormat] = RECORD_FORMATS) -> RecordFormat | None:
    """Return the format of a record; None where nothing in it is annotation."""
    for found in formats:
        if found.recognises(record):
            return found
    return None


def _rows(items: Iterator[Item], formats: Iterable[RecordFormat] = RECORD_FORMATS) -> Iterator[Row]:
    first: RecordFormat | None = None
    first_row = 0
    for number, raw, record, fault in items:
        if fault:
            if fault[0] == "json" and first and conll.is_tagged(raw):
                raise _mixed(first.name, first_row, conll.NAME, number)
            yield Row(number=number, raw=raw, fault=fault)
            continue
        # Nearly every row is of the first one's format, and no record is of two.
        found = first if first and first.recognises(record) else format_of(record, formats)
        if found is None:
            yield _no_annotation(number, raw, record)
            continue
        if first is None:
            first, first_row = found, number
        elif found is not first:
            raise _mixed(first.name, first_row, found.name, number)
        try:
            yield found.read(number, raw, record)
        except ShapeError as error:
            yield Row(number=number, raw=raw, fault=("shape", str(error)))


def _no_annotation(number: int, raw: bytes, record: Any) -> Row:
    if isinstance(record, dict) and (sign := sign_of_annotation(record)):
        detail = f"{sign[:80]!r} looks like annotation, in a form that is not read here; read are {READ}"
        return Row(number=number, raw=raw, fault=("shape", detail))
    if isinstance(record, dict):  # unlabelled text: rehearsal has such rows, and `quality` refuses them
        return Row(number=number, raw=raw, text=record.get("text"), scope=record.get("scope"))
    return Row(number=number, raw=raw, fault=("shape", "neither an object nor [text, {entities}]"))


def _mixed(first: str, first_row: int, second: str, second_row: int) -> BatchError:
    rows = f"row {first_row} is {first}, row {second_row} is {second}"
    return BatchError(f"mixed: {rows}: deliver one format a file")
