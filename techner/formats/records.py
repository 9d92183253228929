"""Records of JSON files and Python lists → rows; the keys of a record show which tool wrote it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from techner.core.errors import FileError
from techner.formats import (
    classic,
    conll,
    containers,
    dataturks,
    doccano,
    entity_objects,
    huggingface,
    jsonl,
    label_studio,
    label_studio_min,
    nested,
    prodigy,
    spacy_json,
    unknown,
)
from techner.formats.beside import minding
from techner.formats.encodings import beginning, refuse_encoding
from techner.formats.rows import Fault, FormatError, Item, Row, ShapeError
from techner.formats.unread import READ, sign_of_annotation

_MANY = 0.25
"""Share of the first rows: if this many cannot be read, and none can, the file is refused."""


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A reader of JSON records. No record is recognised by two readers."""

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
    entity_objects,
)
RECORD_FORMATS = tuple(
    RecordFormat(module.NAME, module.recognises, minding(module.NAME, module.read)) for module in _READERS
)
_OF_LABEL_STUDIO = {module.NAME: module for module in (label_studio, label_studio_min)}
"""Their records do not say which text was annotated; the file as a whole shows it."""
_NO_LISTS: Mapping[str, Any] = MappingProxyType({})


def read_records(items: Iterator[Item]) -> tuple[str, Iterator[Row]]:
    """Return the name of the format and the rows; raises FileError as `read_rows` does."""
    items = nested.taken_apart(containers.unpacked(items, is_record))
    head = beginning(items)
    if not head:
        raise FileError("empty", "the file has no rows")
    refuse_encoding([(number, raw, fault) for number, raw, _, fault in head])
    unknown.refuse_tools([value for _, _, value, fault in head if not fault])
    records = [value for _, _, value, fault in head if not fault and format_of(value)]
    if not records:
        unknown.refuse_unknown(head)
        _refuse_alike(head, RECORD_FORMATS, "JSON")
        return "JSON", nested.with_unreached(_rows(chain(head, items), RECORD_FORMATS))
    speaking = next(filter(_annotation, records), records[0])
    lists = _annotation(speaking)
    first = format_of(speaking if _says_none(records[0], lists) else records[0])
    lists = lists if first is format_of(speaking) else {}  # in another format they mean nothing
    formats = RECORD_FORMATS
    if first and (tool := _OF_LABEL_STUDIO.get(first.name)):
        records = [record for record in records if tool.recognises(record)]
        if why := tool.refusal(records):
            raise FileError("format", why)
        read = partial(tool.read, usual=tool.usual_text(records))
        first = replace(first, read=read)
        formats = tuple(first if one.name == first.name else one for one in RECORD_FORMATS)
    name = first.name if first else "JSON"
    _refuse_alike(head, formats, name)
    return name, nested.with_unreached(_rows(chain(head, items), formats, first, lists))


def _refuse_alike(head: list[Item], formats: Iterable[RecordFormat], name: str) -> None:
    """Raise FileError if no entity of the first rows can be read and many of them share the reason."""
    reasons: Counter[str] = Counter()
    unread: list[Item] = []
    for item in head:
        number, raw, record, fault = item
        found = None if fault else format_of(record, formats)
        if (found is None or found.name == prodigy.NAME) and (why := prodigy.without_entities(record)):
            reasons[why] += 1
            continue
        if found is None:
            unread += [item] if isinstance(record, dict) and sign_of_annotation(record) else []
            continue
        try:
            if found.read(number, raw, record).entities:
                return
        except FormatError as error:
            reasons[f"{name}, {error}"] += 1
        except ShapeError:
            return
    many = max(1, len(head) * _MANY)  # a single row has a fault of its own
    if reasons.total() > many:
        raise FileError("format", reasons.most_common(1)[0][0])
    if len(unread) > many:
        unknown.refuse_unknown(unread)


def _annotation(record: Any) -> dict[str, list[Any]]:
    """Return the lists of entities of a record, by their keys."""
    keys = entity_objects.annotation_keys(record) if isinstance(record, dict) else []
    return {key: record[key] for key in keys}


def _says_none(record: Any, lists: Mapping[str, Any]) -> bool:
    """Say whether a record has empty lists in place of another's entities."""
    return isinstance(record, dict) and bool(lists) and all(record.get(key) == [] for key in lists)


def _is_empty_of(record: Any, form: RecordFormat, lists: Mapping[str, Any]) -> bool:
    """Say whether a record without entities has this format: the format recognises it with `lists` in it."""
    return _says_none(record, lists) and not _annotation(record) and form.recognises({**record, **lists})


def is_record(value: Any) -> bool:
    """Say whether a value is a record of a supported format."""
    return format_of(value) is not None


def format_of(record: Any, formats: Iterable[RecordFormat] = RECORD_FORMATS) -> RecordFormat | None:
    """Return the format of a record; None if no reader recognises it."""
    for found in formats:
        if found.recognises(record):
            return found
    return None


def _rows(
    items: Iterator[Item],
    formats: Iterable[RecordFormat] = RECORD_FORMATS,
    first: RecordFormat | None = None,
    lists: Mapping[str, Any] = _NO_LISTS,
) -> Iterator[Row]:
    """Yield the rows. `first` is the format of the first record that holds entities, which are `lists`.

    An empty list in their place means no entities, even if another tool has such a list.
    """
    first_row = 0
    for number, raw, record, fault in items:
        if fault:
            if fault.code == "json" and first_row and first and conll.is_tagged(raw):
                raise _mixed(first.name, first_row, conll.NAME, number)
            yield Row(number=number, raw=raw, fault=fault)
            continue
        # Nearly every row has the format of the first, and no record has two.
        found = first if first and first.recognises(record) else format_of(record, formats)
        if first and found is not first and _is_empty_of(record, first, lists):
            found = first
        if found is None:
            yield _no_annotation(number, raw, record)
            continue
        if first is None:
            first = found
        elif found is not first:
            raise _mixed(first.name, first_row, found.name, number)
        first_row = first_row or number
        try:
            yield found.read(number, raw, record)
        except ShapeError as error:
            yield Row(number=number, raw=raw, fault=Fault("shape", str(error)))


def _no_annotation(number: int, raw: bytes, record: Any) -> Row:
    if isinstance(record, dict) and (sign := sign_of_annotation(record)):
        detail = f"{sign[:80]!r} looks like annotation in a form that is not supported; supported are {READ}"
        return Row(number=number, raw=raw, fault=Fault("shape", detail))
    if isinstance(record, dict):  # unlabelled text: rehearsal has such rows, and `quality` refuses them
        return Row(number=number, raw=raw, text=record.get("text"), scope=record.get("scope"))
    return Row(number=number, raw=raw, fault=Fault("shape", "neither an object nor [text, {entities}]"))


def _mixed(first: str, first_row: int, second: str, second_row: int) -> FileError:
    rows = f"row {first_row} is {first}, row {second_row} is {second}"
    return FileError("mixed", f"{rows}: deliver one format per file")
