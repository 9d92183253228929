"""One row of a delivery, as found: nothing is checked yet but that it could be read."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`number` is the 1-based line, or item of an array; `raw` are its bytes as delivered."""

    number: int
    raw: bytes
    text: Any = None
    entities: Any = None
    scope: Any = None
    answer: str | None = None
    """What the annotator said of the row, where the format has it: `reject` and `ignore` are not taught."""
    fault: tuple[str, str] | None = None
    """Code and detail where the row could not be read at all."""
