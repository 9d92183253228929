"""JSON without the liberties of `json.loads`: duplicate keys and NaN are errors, deep nesting is one too."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

MAX_RECORD_CHARS = 8 << 20
"""A record becomes up to 30 times as large in memory; one is a text with its annotation."""


def decoder(report: Callable[[str], object]) -> json.JSONDecoder:
    """Return a decoder that tells `report` what is no JSON but could be parsed; that may raise."""

    def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) != len(pairs):
            # json keeps the last value silently; the offsets may belong to the first text.
            report("a key stands twice in one record")
        return record

    return json.JSONDecoder(
        object_pairs_hook=unique_keys, parse_constant=lambda name: report(f"{name} is not JSON")
    )


def _refuse(detail: str) -> NoReturn:
    raise ValueError(detail)


# `json.loads` with hooks builds a decoder for every call; that took half of the time of a line.
_DECODER = decoder(_refuse)


def loads(text: str) -> Any:
    """Parse JSON; every fault is a ValueError."""
    try:
        # Half the time of `decode` for one line: it looks for white space with two regular expressions.
        if text.startswith("{"):
            value, end = _DECODER.raw_decode(text)
            if end == len(text):
                return value
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def record(text: str) -> Any:
    """Parse the JSON of one record; every fault is a ValueError, and so is one that would fill the memory."""
    if len(text) > MAX_RECORD_CHARS:
        raise ValueError(f"{len(text):,} characters in one record, at most {MAX_RECORD_CHARS:,}")
    return loads(text)
