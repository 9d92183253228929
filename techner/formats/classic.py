"""The classic spaCy list: `[text, {"entities": [[start, end, label], …]}]`, one array or a line each."""

import json
from collections.abc import Iterator
from typing import Any


def classic_parts(item: list[Any]) -> dict[str, Any] | None:
    """Turn `[text, {"entities": …}]` into a record; None where it is something else."""
    match item:
        case [text, {"entities": entities}]:
            return {"text": text, "entities": entities}
        case _:
            return None


def read_array(items: list[Any]) -> Iterator[tuple[int, bytes, Any]]:
    """Yield (item number, its bytes, item) of one JSON array."""
    for number, item in enumerate(items, 1):
        yield number, json.dumps(item, ensure_ascii=True).encode(), item
