"""JSON read more strictly than by `json.loads`: duplicate keys, NaN and deep nesting are errors."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

MAX_RECORD_CHARS = 4 << 20
"""A record, one text with its annotation, may take 30 times as much memory, and three are held at a time."""
MAX_DOCUMENT_CHARS = 12 << 20
"""A file that is one JSON value, with all records in it."""


def decoder(report: Callable[[str], object]) -> json.JSONDecoder:
    """Return a decoder that calls `report` with what it parses though it is not JSON; `report` may raise."""

    def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) != len(pairs):
            # json silently keeps the last value; the offsets may belong to the first text.
            report("a key is repeated in one record")
        return record

    return json.JSONDecoder(
        object_pairs_hook=unique_keys, parse_constant=lambda name: report(f"{name} is not JSON")
    )


def _refuse(detail: str) -> NoReturn:
    raise ValueError(detail)


# `json.loads` with hooks builds a decoder for every call, which took half the time of a line.
_DECODER = decoder(_refuse)


def loads(text: str) -> Any:
    """Parse JSON; every fault is a ValueError."""
    try:
        # `decode` takes twice as long for one line: it looks for white space with two regular expressions.
        if text.startswith("{"):
            value, end = _DECODER.raw_decode(text)
            if end == len(text):
                return value
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def record(text: str, *, most: int = MAX_RECORD_CHARS) -> Any:
    """Parse the JSON of one record; every fault is a ValueError, and so is a record of more characters."""
    if len(text) > most:
        raise ValueError(f"{len(text):,} characters in one record; at most {most:,} are read")
    return loads(text)
