"""Faults of well-formed spans: their edges, their content, and how they overlap."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from techner.core.examples import Example, Span
from techner.formats import Fault
from techner.quality.fault import Faults, quoted
from techner.quality.offset_shifts import Extent, trimmed
from techner.quality.tokens import Bounds

# Soft hyphen, joiners and spaces without width, marks of writing direction, byte order mark.
_ZERO_WIDTH = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
MAX_COVERED = 4
MAX_COVERED_CHARS = 1000
"""Spans that together are this many times as long as their text overlap; nothing else is reported then."""
_CLOSING = {")": "(", "]": "[", "}": "{"}


def span_faults(example: Example, bounds: Bounds, counted: Sequence[Extent] | None = None) -> Faults:
    """Yield what is wrong with each span, and with several together.

    `counted` says where each would be if it was counted in another way; that is suggested first.
    """
    text = example.text
    if sum(span.end - span.start for span in example.spans) > MAX_COVERED * len(text) + MAX_COVERED_CHARS:
        yield from overlap_faults(example)
        return
    for place, span in enumerate(example.spans):
        surface = text[span.start : span.end]
        if surface.isascii() and bounds.fits(text, span.start, span.end):  # nearly all
            if not surface.isalnum() and (fault := _edge_punctuation(text, span, bounds)):
                yield fault
            continue
        first, last = trimmed(text, span.start, span.end)
        # White space at an edge is a fault of its own; what is left must still be whole tokens.
        is_whole = first >= last or (bounds.starts(text, first) and bounds.ends(text, last))
        meant = counted[place] if counted and counted[place] != (span.start, span.end) else None
        if last - first != len(surface):
            better = meant or ((first, last) if is_whole else None)
            yield Fault("span_edge", _where(surface, span), better and suggested(text, better, span.label))
        if not surface.isascii() and not _ZERO_WIDTH.isdisjoint(surface):
            yield Fault("zero_width", _where(surface, span))
        if not is_whole:
            better = meant or widened(text, first, last, bounds)
            yield Fault("misaligned", _where(surface, span), suggested(text, better, span.label))
        elif first < last and (fault := _edge_punctuation(text, Span(first, last, span.label), bounds)):
            yield fault
    if len(example.spans) > 1:
        yield from overlap_faults(example)


def overlap_faults(example: Example) -> Faults:
    """Yield a fault for every two spans that share a character."""
    reach: Span | None = None
    for left, right in pairwise(example.spans):
        reach = left if reach is None or left.end > reach.end else reach
        if left == right:
            yield Fault("duplicate_span", _where(example.text[left.start : left.end], left), "keep one")
        elif right.start < reach.end:
            how = "nest" if right.end <= reach.end else "overlap"
            spans = f"{reach.start}-{reach.end} {reach.label} and {right.start}-{right.end} {right.label}"
            yield Fault("overlap", f"{spans} {how}: keep one")


def widened(text: str, start: int, end: int, bounds: Bounds) -> Extent:
    """Return the smallest range of whole tokens around a range."""
    return bounds.last_start(text, start), bounds.first_end(text, end)


def suggested(text: str, better: Extent, label: str) -> str | None:
    """Return a better range as it would be annotated; None if nothing would be left."""
    start, end = better
    return f"[{start}, {end}, {label}] {quoted(text[start:end])}" if start < end else None


def _where(surface: str, span: Span) -> str:
    return f"{quoted(surface)} at {span.start}"


def _edge_punctuation(text: str, span: Span, bounds: Bounds) -> Fault | None:
    """Return a fault if a mark at an edge is a token of its own, unlike in `U.S.`, `C#` or `f(x)`."""
    surface = text[span.start : span.end]
    if len(surface) < 2 or surface.isalnum():  # noqa: PLR2004 - a single mark is a name: `.`
        return None
    first, last = span.start, span.end
    if (
        _is_mark(surface[-1])
        and _CLOSING.get(surface[-1], "\0") not in surface
        and bounds.starts(text, last - 1)
    ):
        last -= 1
    if _is_mark(surface[0]) and not _closed(surface) and bounds.ends(text, first + 1):
        first += 1
    if last - first == len(surface):
        return None
    better = suggested(text, trimmed(text, first, last), span.label)
    return Fault("edge_punctuation", _where(surface, span), better)


def _is_mark(char: str) -> bool:
    return char not in "#@&*%/\\_:-" and unicodedata.category(char).startswith("P")


def _closed(surface: str) -> bool:
    return any(surface[0] == opening and closing in surface for closing, opening in _CLOSING.items())
