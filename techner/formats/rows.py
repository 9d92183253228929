"""One row of a delivery, as found: it could be read, and nothing else is checked yet."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong with a row: of a reader, that it cannot be read; of `quality`, all else."""

    code: str
    detail: str
    suggestion: str | None = None


Item = tuple[int, bytes, Any, Fault | None]
"""A record of a JSON file on its way to a row: number, raw bytes, value, what is wrong with the JSON."""


MAX_OFFSET_CHARS = 64


class ShapeError(ValueError):
    """The parts of one row cannot be found; the message is the detail of its fault `shape`."""


class FormatError(ShapeError):
    """The parts of a row cannot be found because of how its tool writes all rows: reported once per file."""


class Row(NamedTuple):
    """`number` is the 1-based line, or item of a list; `raw` are its bytes as delivered.

    DocBin and the row viewer's document have no bytes of one row: there `raw` is the row as JSON.
    A tuple, because one is made for every row: a frozen dataclass takes twice as long.
    """

    number: int
    raw: bytes
    text: Any = None
    entities: Any = None
    scope: Any = None
    answer: str | None = None
    """The annotator's answer, if the format has one: rows with `reject` or `ignore` are not taught."""
    answered_by: str | None = None
    """The key that says it, if it is another one than the format's own."""
    fault: Fault | None = None
    """Set if the row could not be read at all."""
    covered: tuple[str | None, ...] = ()
    """The text that the record says each entity covers, if it does; `quality` compares it."""
    remarks: tuple[str, ...] = ()
    """Codes of the batch that this row counts for: `left_out`, `sentences`."""


def texts_of(spans: Iterable[Any]) -> tuple[str | None, ...]:
    """Return the `text` of each span that is an object; empty if none has one."""
    found = [span.get("text") if isinstance(span, dict) else None for span in spans]
    return tuple(text if isinstance(text, str) else None for text in found) if any(found) else ()


def offset(given: Any) -> Any:
    """Return an offset as given, of whatever type; raises ShapeError for one that is not short.

    A region with many labels repeats it for each, so a long one would fill the memory.
    """
    match given:
        case None | float():
            return given
        case int() if given.bit_length() < MAX_OFFSET_CHARS:
            return given
        case str() if len(given) < MAX_OFFSET_CHARS:
            return given
    raise ShapeError(f"an offset is not a number but a {type(given).__name__}, or is far too long")
