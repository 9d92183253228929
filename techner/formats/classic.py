"""The classic spaCy pair `[text, {"entities": [[start, end, label], …]}]`, in one list or one a line."""

from typing import Any

from techner.formats.jsonl import read_entities
from techner.formats.rows import Row

NAME = "classic spaCy"


def recognises(record: Any) -> bool:
    """Say whether it is a pair of anything and an object with entities."""
    match record:
        case [_, {"entities": _}]:
            return True
        case _:
            return False


def read(number: int, raw: bytes, record: list[Any]) -> Row:
    """Take text and entities; raises FormatError for entities that are not understood."""
    entities, covered = read_entities(record[1]["entities"])
    return Row(number=number, raw=raw, text=record[0], entities=entities, covered=covered)
