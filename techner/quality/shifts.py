"""Offsets that were counted in another way: in other units, from another start, or with the end included."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from techner.quality.tokens import Bounds

Range = tuple[int, int]
Form = Literal["NFC", "NFD"]
NOWHERE = (-1, -1)
MAX_SAMPLE = 2000
"""Misplaced spans that are tried with every shift; the counts are over all of them."""
LEAST_EXPLAINED = 0.8
"""Share of the misplaced spans that a shift must put right to be named."""
LEAST_MISPLACED = 3
"""Fewer misplaced spans are no system."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One way to count, and how its ranges become ours."""

    says: str
    move: Callable[[str, int, int], Range]


def _moved(start_by: int, end_by: int) -> Callable[[str, int, int], Range]:
    return lambda text, start, end: (start + start_by, end + end_by)


def _units(cut: Callable[[str, int], int], end_by: int = 0) -> Callable[[str, int, int], Range]:
    def move(text: str, start: int, end: int) -> Range:
        if not 0 <= start <= end:
            return NOWHERE
        return cut(text, start), cut(text, end + end_by)

    return move


def _encoded(encoding: str, unit_bytes: int) -> Callable[[str, int], int]:
    def cut(text: str, at: int) -> int:
        data = text.encode(encoding, "surrogatepass")
        try:
            return len(data[: at * unit_bytes].decode(encoding)) if at * unit_bytes <= len(data) else -1
        except UnicodeDecodeError:  # in the middle of a character: not this unit
            return -1

    return cut


def _without_cr(text: str, at: int) -> int:
    """Count each CR LF as one."""
    for position, char in enumerate(text):
        if at == 0:
            return position
        at -= not (char == "\r" and text.startswith("\n", position + 1))
    return len(text) if at == 0 else -1


def _with_cr(text: str, at: int) -> int:
    """Count each LF as two."""
    for position, char in enumerate(text):
        if at <= 0:
            return position if at == 0 else -1
        at -= 2 if char == "\n" else 1
    return len(text) if at == 0 else -1


def _stripped(text: str, at: int) -> int:
    return at + len(text) - len(text.lstrip())


def _in_form(form: Form, back: Form) -> Callable[[str, int], int]:
    def cut(text: str, at: int) -> int:
        other = unicodedata.normalize(form, text)
        return len(unicodedata.normalize(back, other[:at])) if at <= len(other) else -1

    return cut


# Units first: where a unit and a shift put the same spans right, the unit is the likelier reason.
SHIFTS = (
    Shift(
        "offsets count UTF-16 units, as JavaScript does: count characters", _units(_encoded("utf-16-le", 2))
    ),
    Shift("offsets count UTF-8 bytes: count characters", _units(_encoded("utf-8", 1))),
    Shift("offsets count each line end CR LF as one character: count both", _units(_without_cr)),
    Shift("offsets count each line end as two characters, CR LF: the text has LF alone", _units(_with_cr)),
    Shift("offsets leave out the white space at the start of the text: count it", _units(_stripped)),
    Shift(
        "offsets count characters of Unicode form NFC: the text is not in it", _units(_in_form("NFC", "NFD"))
    ),
    Shift(
        "offsets count characters of Unicode form NFD: the text is not in it", _units(_in_form("NFD", "NFC"))
    ),
    Shift("ends are inclusive: add 1 to every end", _moved(0, 1)),
    Shift("offsets count from 1: take 1 off every start and end", _moved(-1, -1)),
    Shift("offsets count from 1, ends are inclusive: take 1 off every start", _moved(-1, 0)),
    Shift("offsets are one too low: add 1 to every start and end", _moved(1, 1)),
    Shift("starts are one too low: add 1 to every start", _moved(1, 0)),
    Shift("ends are one too high: take 1 off every end", _moved(0, -1)),
    Shift(
        "offsets count UTF-16 units, ends are inclusive: count characters, ends excluded",
        _units(_encoded("utf-16-le", 2), 1),
    ),
    Shift(
        "offsets count UTF-8 bytes, ends are inclusive: count characters, ends excluded",
        _units(_encoded("utf-8", 1), 1),
    ),
)


@dataclass(slots=True)
class Placement:
    """How many spans of a batch are where they should be, and a sample of those that are not."""

    bounds: Bounds
    spans: int = 0
    misplaced: int = 0
    sample: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.misplaced / self.spans if self.misplaced >= LEAST_MISPLACED else 0.0

    def look(self, text: str, ranges: Iterable[Range]) -> None:
        """Count the ranges of one text, and remember the misplaced ones."""
        for start, end in ranges:
            self.spans += 1
            if not self.bounds.fits(text, start, end):
                self.misplaced += 1
                if len(self.sample) < MAX_SAMPLE:
                    self.sample.append((text, start, end))

    def shift(self) -> Shift | None:
        """Return the way of counting that puts most misplaced spans right; None where none does for most."""
        if self.misplaced < LEAST_MISPLACED:
            return None
        right = Counter(
            {shift: sum(self._fits(shift, *one) for one in self.sample) for shift in SHIFTS}
        )  # of equals the first stays first
        best, count = right.most_common(1)[0]
        return best if count >= LEAST_EXPLAINED * len(self.sample) else None

    def _fits(self, shift: Shift, text: str, start: int, end: int) -> bool:
        return self.bounds.fits(text, *shift.move(text, start, end))


def shifts_that_fit(text: str, ranges: Iterable[Range], bounds: Bounds) -> set[tuple[Range, ...]]:
    """Return every placement that some way of counting gives and in which all spans are whole tokens."""
    given = tuple(ranges)
    moved = (tuple(shift.move(text, *one) for one in given) for shift in SHIFTS)
    return {placed for placed in moved if all(bounds.fits(text, *one) for one in placed)}
