"""Which reader a delivery needs: decided by its content, never by its name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from techner.core.errors import BatchError
from techner.formats import (
    classic,
    conll,
    docbin,
    doccano,
    huggingface,
    jsonl,
    label_studio,
    label_studio_min,
    prodigy,
)
from techner.formats.json_files import is_json_list, json_lines, json_list, json_record
from techner.formats.packed import unpack
from techner.formats.rows import Item, Row, ShapeError
from techner.formats.unread import READ, sign_of_annotation

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    _GZIP: "gzip inside gzip; pack it once",
    b"PK\x03\x04": "a zip archive; deliver the file inside",
    b"PK\x05\x06": "an empty zip archive; deliver the file itself",
    b"\xff\xfe": "UTF-16; export as UTF-8",
    b"\xfe\xff": "UTF-16; export as UTF-8",
}
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")
_NAMING_ROWS = 100
"""How many rows are looked at for the name of the format; all are looked at for a second format."""


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A reader of JSON records. No record is recognised by two of them."""

    name: str
    recognises: Callable[[Any], bool]
    read: Callable[[int, bytes, Any], Row]


RECORD_FORMATS = tuple(
    RecordFormat(module.NAME, module.recognises, module.read)
    for module in (jsonl, doccano, prodigy, label_studio, label_studio_min, huggingface, classic)
)


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
    if b"\0" in data[:4]:
        raise BatchError("encoding: the file is UTF-16 or UTF-32 without a mark; export as UTF-8")
    if docbin.is_docbin(data):
        return docbin.NAME, docbin.read_docbin(data)
    data = data.removeprefix(_BOM)  # framing, not data
    if data.isspace() or not data:
        raise BatchError("empty: the file has no rows")
    if _EMPTY_LIST.fullmatch(data):
        raise BatchError("empty: the file is an empty list")
    if columns := conll.columns_of(data):
        return conll.NAME, conll.read_conll(data, columns)
    if huggingface.is_document(data):
        return _read_records(huggingface.document_rows(data))
    if is_json_list(data):
        return _read_records(json_list(data))
    return _read_records(json_record(data) or json_lines(data))


def _read_records(items: Iterator[Item]) -> tuple[str, Iterator[Row]]:
    head = list(islice(items, _NAMING_ROWS))
    known = (format_of(value) for _, _, value, fault in head if not fault)
    first = next((found for found in known if found), None)
    return (first.name if first else "JSON"), _rows(chain(head, items))


def format_of(record: Any) -> RecordFormat | None:
    """Return the format of a record; None where nothing in it is annotation."""
    for found in RECORD_FORMATS:
        if found.recognises(record):
            return found
    return None


def _rows(items: Iterator[Item]) -> Iterator[Row]:
    first: RecordFormat | None = None
    first_row = 0
    for number, raw, record, fault in items:
        if fault:
            if fault[0] == "json" and first and conll.is_tagged(raw):
                raise _mixed(first.name, first_row, conll.NAME, number)
            yield Row(number=number, raw=raw, fault=fault)
            continue
        # Nearly every row is of the first one's format, and no record is of two.
        found = first if first and first.recognises(record) else format_of(record)
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
