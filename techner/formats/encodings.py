"""Files that are not UTF-8: reported once per file, if its first rows show it."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from techner.core.errors import FileError
from techner.formats.rows import Fault, Row

_HEAD_ROWS = 100
_HEAD_BYTES = 1 << 20
_MANY = 25
"""How many of the first rows must not be UTF-8: fewer, unless all, may be damaged lines of a UTF-8 file."""
Numbered = TypeVar("Numbered", bound=tuple[Any, ...])
"""An item or a row: both begin with number and raw bytes."""


def beginning(rows: Iterator[Numbered]) -> list[Numbered]:
    """Take the first rows, but not too many bytes: a record takes thirty times as much memory."""
    head: list[Numbered] = []
    size_bytes = 0
    for row in islice(rows, _HEAD_ROWS):
        head.append(row)
        size_bytes += len(row[1])
        if size_bytes > _HEAD_BYTES:
            break
    return head


def refuse_encoding(head: Sequence[tuple[int, bytes, Fault | None]]) -> None:
    """Raise FileError if many rows are not UTF-8, and all others are plain ASCII."""
    faults = [(number, fault.detail) for number, _, fault in head if fault and fault.code == "encoding"]
    more = sum(not raw.isascii() for _, raw, _ in head)
    if len(faults) == more and (more >= _MANY or more == len(head) > 1):
        number, detail = faults[0]
        raise FileError("encoding", f"the file is not UTF-8 (row {number}: {detail}): export as UTF-8")


def in_utf8(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows; raises FileError before the first if the file is not UTF-8."""
    head = beginning(rows)
    refuse_encoding([(row.number, row.raw, row.fault) for row in head])
    yield from chain(head, rows)
