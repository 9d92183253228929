"""Offsets counted in another way: in other units, from another start, or with the end included."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Literal

import regex  # type: ignore[import-untyped]

from techner.quality.tokens import Bounds

Extent = tuple[int, int]
Move = Callable[[int, int], Extent]
"""Offsets as they were counted → ours."""
Widths = Callable[[str], list[int]]
"""Text → by how much each of its characters counts."""
NOWHERE = (-1, -1)
MAX_SAMPLE = 2000
"""Misplaced spans that are tried with every shift; the counts cover all of them."""
MAX_SAMPLE_CHARS = 2_000_000
"""Length of the sample's texts together: trying them takes seconds, not minutes."""
LEAST_EXPLAINED = 0.8
"""Share of the misplaced spans that a shift must correct to be reported."""
LEAST_MISPLACED = 3
"""Fewer misplaced spans are not systematic."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One way of counting, and how its ranges become ours."""

    says: str
    on: Callable[[str], Move | None]
    """Text → its move; None if it counts this text as we do."""


def _moved(start_by: int, end_by: int) -> Callable[[str], Move]:
    return lambda _: lambda start, end: (start + start_by, end + end_by)


def _stripped(text: str) -> Move | None:
    by = len(text) - len(text.lstrip())
    return (lambda start, end: (start + by, end + by)) if by else None


def _units(widths: Widths, end_by: int = 0) -> Callable[[str], Move | None]:
    def on(text: str) -> Move | None:
        if text.isascii() and "\n" not in text:  # all units are one character
            return None
        counted = widths(text)
        if all(width == 1 for width in counted):
            return None
        places: dict[int, int] = {}
        for ours, theirs in enumerate(accumulate(counted, initial=0)):
            places.setdefault(theirs, ours)  # what has no width belongs to what follows

        def move(start: int, end: int) -> Extent:
            return places.get(start, -1), places.get(end + end_by, -1)

        return move

    return on


def _utf16(text: str) -> list[int]:
    return [2 if char > "\uffff" else 1 for char in text]


def _utf8(text: str) -> list[int]:
    return [1 + (char > "\x7f") + (char > "\u07ff") + (char > "\uffff") for char in text]


def _cr_lf_as_one(text: str) -> list[int]:
    return [int(not text.startswith("\r\n", place)) for place in range(len(text))]


def _lf_as_two(text: str) -> list[int]:
    return [2 if char == "\n" else 1 for char in text]


def _graphemes(text: str) -> list[int]:
    widths = [0] * len(text)
    for cluster in regex.finditer(r"\X", text):
        widths[cluster.end() - 1] = 1
    return widths


def _in_form(form: Literal["NFC", "NFD"], text: str) -> list[int]:
    """Count a letter with its accents as `form` does: as one character or several."""
    widths: list[int] = []
    first = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            length = len(unicodedata.normalize(form, text[first:place]))
            widths += [0] * (place - first - 1) + [length]
            first = place
    return widths


# Units first: if a unit and a shift correct the same spans, the unit is the likelier reason.
_UNITS: tuple[tuple[str, str, Widths], ...] = (
    ("UTF-16 units", ", as JavaScript does: count characters", _utf16),
    ("UTF-8 bytes", ": count characters", _utf8),
    ("each line end CR LF as one character", ": count both", _cr_lf_as_one),
    ("each line end as two characters, CR LF", ": the text has only LF", _lf_as_two),
    ("characters of Unicode form NFC", ": the text is in another form", partial(_in_form, "NFC")),
    ("characters of Unicode form NFD", ": the text is in another form", partial(_in_form, "NFD")),
    ("graphemes (an emoji with all its parts is one)", ": count characters, that is code points", _graphemes),
)
SHIFTS = (
    *(Shift(f"offsets count {what}{so}", _units(widths)) for what, so, widths in _UNITS),
    Shift("offsets leave out the white space at the start of the text: count it", _stripped),
    Shift("ends are inclusive: add 1 to every end", _moved(0, 1)),
    Shift("offsets count from 1: take 1 off every start and end", _moved(-1, -1)),
    Shift("offsets count from 1, ends are inclusive: take 1 off every start", _moved(-1, 0)),
    Shift("offsets are one too low: add 1 to every start and end", _moved(1, 1)),
    Shift("starts are one too low: add 1 to every start", _moved(1, 0)),
    Shift("ends are one too high: take 1 off every end", _moved(0, -1)),
    *(
        Shift(f"offsets count {what}, ends are inclusive: count characters, ends excluded", _units(widths, 1))
        for what, _, widths in _UNITS
    ),
)


def _trim(text: str) -> Move:
    return partial(trimmed, text)


_TRIM = Shift("white space at the edges", _trim)
"""Not a way of counting, but another explanation of the same spans."""


@dataclass(slots=True)
class Placement:
    """How many spans of a batch fit the tokens, and a sample of those that do not."""

    bounds: Bounds
    spans: int = 0
    misplaced: int = 0
    sample: list[tuple[str, list[Extent]]] = field(default_factory=list)
    """Texts with their misplaced spans."""
    _sampled: int = 0
    _sampled_chars: int = 0
    _votes: Counter[Shift] | None = None

    @property
    def share(self) -> float:
        return self.misplaced / self.spans if self.misplaced >= LEAST_MISPLACED else 0.0

    def look(self, text: str, ranges: Iterable[Extent]) -> int:
        """Count the ranges of one text and remember the misplaced ones; returns their number."""
        wrong = []
        for start, end in ranges:
            self.spans += 1
            if not self.bounds.fits(text, start, end):
                wrong.append((start, end))
        if wrong:
            self._votes = None
            self.misplaced += len(wrong)
            kept = wrong[: MAX_SAMPLE - self._sampled]
            if kept and self._sampled_chars < MAX_SAMPLE_CHARS:
                self.sample.append((text, kept))
                self._sampled += len(kept)
                self._sampled_chars += len(text)
        return len(wrong)

    def votes(self) -> Counter[Shift]:
        """Count for each way of counting how many of the sampled spans it corrects."""
        if self._votes is None:
            votes = Counter(dict.fromkeys(SHIFTS, 0))  # among equals the first stays first
            for text, wrong in self.sample:
                for shift, move in ((_TRIM, _trim(text)), *moves(text)):
                    votes[shift] += sum(self.bounds.fits(text, *move(*one)) for one in wrong)
            self._votes = votes
        return self._votes

    def shift(self) -> Shift | None:
        """Return the way of counting that corrects most misplaced spans; None if none corrects enough."""
        if self.misplaced < LEAST_MISPLACED or not self._sampled:
            return None
        votes = self.votes()
        best = max(SHIFTS, key=lambda shift: votes[shift])
        count = votes[best]
        return best if count >= LEAST_EXPLAINED * self._sampled else None

    def meant(self, text: str, given: Sequence[Extent]) -> tuple[Extent, ...] | None:
        """Return where the spans of one text belong if they were counted in another way; else None.

        That way must correct more of them than any other, and misplace none. Among equal ways the one wins
        that explains more of the batch; white space at the edges goes before all.
        """
        if len(given) > MAX_SAMPLE:
            return None
        right = [self.bounds.fits(text, *one) for one in given]
        best, best_rank = None, (0, 0)
        for shift, move in ((_TRIM, _trim(text)), *moves(text)):
            placed = [move(*one) for one in given]
            fits = [self.bounds.fits(text, *one) for one in placed]
            gained = sum(fits) - sum(right)
            rank = gained, self.votes()[shift]
            if all(now or not was for now, was in zip(fits, right, strict=True)) and rank > best_rank:
                best, best_rank = (shift, placed, fits), rank
        if best is None or best[0] is _TRIM:
            return None
        return tuple(there if now else here for here, there, now in zip(given, best[1], best[2], strict=True))


def trimmed(text: str, start: int, end: int) -> Extent:
    """Return a range without the white space at its edges."""
    surface = text[start:end]
    return start + len(surface) - len(surface.lstrip()), end - len(surface) + len(surface.rstrip())


def moves(text: str) -> Iterator[tuple[Shift, Move]]:
    """Yield the ways of counting that differ from ours in this text."""
    for shift in SHIFTS:
        if move := shift.on(text):
            yield shift, move


def shifts_that_fit(text: str, ranges: Iterable[Extent], bounds: Bounds) -> set[tuple[Extent, ...]]:
    """Return every placement, by any way of counting, in which all spans are whole tokens."""
    given = tuple(ranges)
    moved = (tuple(move(*one) for one in given) for _, move in moves(text))
    return {placed for placed in moved if all(bounds.fits(text, *one) for one in placed)}
