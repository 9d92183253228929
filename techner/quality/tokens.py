"""Where tokens begin and end, looked up only for spans that need it."""

from collections.abc import Callable

from techner.quality.text import MAX_EDGE_MARKS, MAX_MARKS, takes_long

Tokenize = Callable[[str], list[tuple[int, int]]]
MAX_KNOWN = 100_000
MAX_KNOWN_BYTES = 64 << 20
_TOKEN_BYTES = 150
"""About what the borders of one token take."""

_NONE: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())


class Bounds:
    """Token borders of one tokenizer.

    Every tokenizer of spaCy's own class cuts at white space first, so the piece between two white spaces is
    enough; pieces recur, texts do not.
    """

    def __init__(self, tokenize: Tokenize, *, cuts_at_space: bool) -> None:
        self._tokenize = tokenize
        self._cuts_at_space = cuts_at_space
        self._known: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._known_bytes = 0
        self.uncut = ""
        """The last piece looked up that takes too long to cut."""
        self._last = "", 0, ""
        """The last text, and start and text of its piece: thousands of spans may lie in one."""

    def starts(self, text: str, at: int) -> bool:
        """Say whether a token starts at this character."""
        if self._cuts_at_space and (at == 0 or text[at - 1].isspace()):
            return at < len(text) and not text[at].isspace()
        first, piece = self._piece(text, at)
        return at - first in self._borders(piece)[0]

    def ends(self, text: str, at: int) -> bool:
        """Say whether a token ends before this character."""
        if self._cuts_at_space and (at == len(text) or text[at].isspace()):
            return at > 0 and not text[at - 1].isspace()
        first, piece = self._piece(text, at)
        return at - first in self._borders(piece)[1]

    def fits(self, text: str, start: int, end: int) -> bool:
        """Say whether a range is one or more whole tokens, without white space at its edges."""
        if not 0 <= start < end <= len(text) or text[start].isspace() or text[end - 1].isspace():
            return False
        if (
            self._cuts_at_space
            and (start == 0 or text[start - 1].isspace())
            and (end == len(text) or text[end].isspace())
        ):
            return True
        return self.starts(text, start) and self.ends(text, end)

    def last_start(self, text: str, at: int) -> int:
        """Return the last token start at or before a character; 0 if there is none."""
        if self.starts(text, at):
            return at
        first, piece = self._piece(text, at)
        return max((first + start for start in self._borders(piece)[0] if first + start < at), default=0)

    def first_end(self, text: str, at: int) -> int:
        """Return the first token end at or after a character; the end of the text if there is none."""
        if self.ends(text, at):
            return at
        first, piece = self._piece(text, at)
        after = (first + end for end in self._borders(piece)[1] if first + end > at)
        return min(after, default=len(text))

    def _piece(self, text: str, at: int) -> tuple[int, str]:
        if not self._cuts_at_space:
            return 0, text
        same, first, piece = self._last
        if same is text and piece and first <= at <= first + len(piece):
            return first, piece
        before, after = text[:at], text[at:]
        before = "" if not before or before[-1].isspace() else before.rsplit(maxsplit=1)[-1]
        after = "" if not after or after[0].isspace() else after.split(maxsplit=1)[0]
        self._last = text, at - len(before), before + after
        return at - len(before), before + after

    def _borders(self, piece: str) -> tuple[frozenset[int], frozenset[int]]:
        found = self._known.get(piece)
        if found is None:
            if len(self._known) >= MAX_KNOWN or self._known_bytes > MAX_KNOWN_BYTES:
                self._known.clear()
                self._known_bytes = 0
            # A piece that would take long has no borders; its row is set aside for its marks.
            is_long = takes_long(piece, MAX_EDGE_MARKS if self._cuts_at_space else MAX_MARKS)
            ranges = [] if is_long else self._tokenize(piece)
            found = frozenset(start for start, _ in ranges), frozenset(end for _, end in ranges)
            found = _NONE if is_long else found
            self._known[piece] = found
            self._known_bytes += len(piece) + _TOKEN_BYTES * len(ranges)
        if found is _NONE:
            self.uncut = piece
        return found
