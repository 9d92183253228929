"""JSON without the liberties of `json.loads`: duplicate keys and NaN are errors, deep nesting is one too."""

import json
from typing import Any, NoReturn


def loads(text: str) -> Any:
    """Parse JSON; every fault is a ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        # json keeps the last value silently; the offsets may belong to the first text.
        raise ValueError("a key stands twice in one record")
    return record


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
