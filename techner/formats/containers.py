"""One JSON object around all records: LightTag's `{"examples": […]}`, Rasa's, `{"doc-1": {…}, …}`, tables.

    {"text": ["use TLS", …], "entities": [[[4, 7, "PROTOCOL"]], …]}
    {"text": {"0": "use TLS", …}, "entities": {"0": [[4, 7, "PROTOCOL"]], …}}

The last two are how pandas and `datasets` write a table, one key per column.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from techner.core.errors import FileError
from techner.formats.objects import named
from techner.formats.rows import Fault, Item
from techner.formats.unknown import refuse_tools

_LOOKED_AT = 5
"""How many values of a list are looked at to see whether it holds records."""
_COLUMNS = (("text", str), ("content", str), ("tokens", list), ("words", list))
"""Columns that hold the texts of a table, and the type of their cells."""
Known = Callable[[Any], bool]


def unpacked(items: Iterator[Item], is_record: Known) -> Iterator[Item]:
    """Return one item per record if the file is a single container; else the items as they are.

    Raises FileError if the container has several lists of records.
    """
    head = list(islice(items, 2))
    parts = None
    if len(head) == 1 and isinstance(record := head[0][2], dict) and not isinstance(record.get("text"), str):
        parts = _parts(record, is_record)
    return chain(head, items) if parts is None else _items(parts, head[0][1])


def _items(parts: list[Any], raw: bytes) -> Iterator[Item]:
    for number, part in enumerate(parts, 1):
        try:
            yield number, json.dumps(part).encode(), part, None
        except RecursionError:
            yield number, raw, None, Fault("json", "nested too deeply")


def _parts(record: Mapping[str, Any], is_record: Known) -> list[Any] | None:
    """Return the records in a container; None if it is not a container."""
    if table := _rows_of_table(record):
        return table if any(map(is_record, table[:_LOOKED_AT])) else None
    refuse_tools([record])
    if is_record(record) or not record:
        return None
    values = list(record.values())
    if all(isinstance(value, dict) and is_record(value) for value in values):
        return values
    found = _lists(record, is_record)
    for key, value in record.items():
        if isinstance(value, dict):
            found |= {f"{key}.{inner}": part for inner, part in _lists(value, is_record).items()}
    if len(found) > 1:
        raise FileError(
            "format", f"one object with several lists of records, {named(found)}: deliver one per file"
        )
    return next(iter(found.values()), None)


def _lists(record: Mapping[str, Any], is_record: Known) -> dict[str, list[Any]]:
    return {
        key: value
        for key, value in record.items()
        if isinstance(value, list)
        and any(isinstance(one, dict) and is_record(one) for one in value[:_LOOKED_AT])
    }


def _rows_of_table(record: Mapping[str, Any]) -> list[Any] | None:
    """Return the rows of a table that was written with one key per column; None if it was not."""
    if not any(_is_column(record.get(key), of) for key, of in _COLUMNS):
        return None
    columns = list(record.values())
    if all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [dict(zip(record, row, strict=True)) for row in zip(*columns, strict=True)]
    if all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        return [{key: record[key][row] for key in record} for row in columns[0]]
    return None


def _is_column(value: Any, of: type) -> bool:
    cells = list(value.values()) if isinstance(value, dict) else value
    return isinstance(cells, list) and bool(cells) and all(isinstance(cell, of) for cell in cells)
