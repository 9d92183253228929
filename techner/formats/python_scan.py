"""Lists in Python source, found without running it: a scanner that knows strings, comments and brackets."""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from techner.core.errors import FileError

MAX_DEPTH = 32
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*(?::[^=\n]*)?=\s*")
_TOKEN = re.compile(
    r"""(?P<space>[^\S\n]+|\\\r?\n)
    |(?P<line>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<string>[rRuUbBfF]{0,2}(?:\"\"\"(?:[^\\]|\\[\s\S])*?\"\"\"|'''(?:[^\\]|\\[\s\S])*?'''
        |"(?:[^"\\\n]|\\[\s\S])*+"|'(?:[^'\\\n]|\\[\s\S])*+'))
    |(?P<open>[\[({])|(?P<close>[\])}])|(?P<comma>,)
    |(?P<word>[^\s\#'"\[\](){},]+)""",
    re.VERBOSE,
)
_PIECE = r"""[\s,:]++|\d++(?![\w.+-])|"[^"\\\n]*+"(?!")|'[^'\\\n]*+'(?!')"""
_INSIDE = re.compile(f"(?:{_PIECE})++")
"""Most of an item: between its own brackets none of it matters to the scanner."""


def _item(depth: int) -> str:
    """Return the pattern of an item: such pieces and nested brackets, up to `depth`."""
    inner = f"|{_item(depth - 1)}" if depth > 1 else ""
    return rf"[\[({{](?:{_PIECE}{inner})*+[\])}}]"


_ITEM = re.compile(_item(depth=5))
"""Nearly all items: skipping each at once costs a quarter of reading its tokens."""
_COMMENTS = re.compile(r"(?:\s|#[^\n]*)*")
_LITERAL = re.compile(r":|None|True|False|[-+]?\d[\d_.eE+-]*")


@dataclass(slots=True)
class Found:
    """One list of a file, and where each of its items is."""

    name: str
    at: int
    problem: str | None = None
    """Why it is not a literal."""
    # Pairs of a million items would take 130 MB, these arrays take 16.
    _starts: "array[int]" = field(default_factory=lambda: array("q"))
    _ends: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def count(self) -> int:
        return len(self._starts)

    @property
    def end(self) -> int:
        """Where the last item ends."""
        return self._ends[-1] if self._ends else self.at

    def add(self, start: int, end: int) -> None:
        self._starts.append(start)
        self._ends.append(end)

    def items(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield where each item from `first` on, before `last`, begins and ends."""
        return zip(self._starts[first:last], self._ends[first:last], strict=True)


def lists_in(text: str) -> list[Found]:
    """Return each list, tuple or dict at the left margin that stands alone or is given a name.

    Raises FileError if the source breaks off.
    """
    scanner = _Scanner(text)
    at = 0
    while at < len(text):
        skipped = _ITEM if scanner.depth == 1 else _INSIDE
        if scanner.depth and (inside := skipped.match(text, at)):
            at = inside.end()
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise FileError(
                "format", f"Python breaks off in a string on {line_of(text, at)}: deliver it again"
            )
        scanner.take(token.lastgroup or "", token.group(), at, token.end())
        at = token.end()
    if scanner.open:
        where = line_of(text, scanner.open.at)
        raise FileError("format", f"Python whose list on {where} is not closed: deliver it again")
    return scanner.lists


@dataclass(slots=True)
class _Scanner:
    text: str
    lists: list[Found] = field(default_factory=list)
    open: Found | None = None
    depth: int = 0
    statement: int = 0
    """Where the current statement begins."""
    item: int = 0
    goes_on: bool = False
    """Whether the statement of the last list has not ended yet."""

    def take(self, kind: str, token: str, at: int, end: int) -> None:
        if self.depth == 0 and self.goes_on and kind in {"word", "open", "string"}:
            self._is_run(self.lists[-1], token, at)  # `[…] + more`, `[…][0]`
        if kind == "open":
            self._begin(token, at, end)
        elif kind == "close":
            self.depth = max(0, self.depth - 1)
            if self.open and self.depth == 0:
                self._end(self.open, at, end)
        elif self.open and kind == "comma" and self.depth == 1:
            _add(self.open, self.text, self.item, at)
            self.item = end
        elif self.open and _runs(kind, token):
            self._is_run(self.open, token, at)
        if self.depth == 0 and kind in {"line", "comma"}:
            self.statement, self.goes_on = end, False
        elif self.depth == 0 and kind == "comment":
            self.statement = end

    def _begin(self, token: str, at: int, end: int) -> None:
        self.depth += 1
        if self.depth == 1:
            self.open, self.item = None if self.goes_on else _begun(self.text, self.statement, at), end
        elif self.depth > MAX_DEPTH and self.open:
            self._is_run(self.open, token, at)

    def _end(self, found: Found, at: int, end: int) -> None:
        _add(found, self.text, self.item, at)
        self.lists.append(_whole(self.text, found, end))
        self.open, self.statement, self.goes_on = None, end, True

    def _is_run(self, found: Found, token: str, at: int) -> None:
        found.problem = found.problem or f"{token[:20]!r} on {line_of(self.text, at)}"


def as_one_list(lists: Iterable[Found]) -> Found:
    """Return the items of several lists without a name as one list."""
    whole = Found("", 0)
    for found in lists:
        for start, end in found.items():
            whole.add(start, end)
    return whole


def line_of(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"


def _begun(text: str, statement: int, at: int) -> Found | None:
    """Return the list that begins here; None if anything but a name stands before it."""
    before = text[statement : min(at, statement + 200)].replace("\\\n", "").rstrip(" \t\r")
    assigned = _ASSIGNED.fullmatch(before) if before else None
    return Found(assigned["name"] if assigned else "", at) if assigned or not before else None


def _whole(text: str, found: Found, end: int) -> Found:
    """Return a record that stands alone, `("use TLS", {…}),` on a line, as a list of one record."""
    is_pair = found.count == len(("text", "entities")) and text[next(found.items())[0]] not in "[({"
    if found.name or not (is_pair or text[found.at] == "{"):
        return found
    record = Found(found.name, found.at, found.problem)
    record.add(found.at, end)
    return record


def _add(found: Found, text: str, start: int, end: int) -> None:
    if not text[start:end].strip():
        return
    skipped = _COMMENTS.match(text, start, end)
    begin = skipped.end() if skipped else start
    if begin < end:
        found.add(begin, end)


def _runs(kind: str | None, token: str) -> bool:
    """Say whether a token is more than a literal: a name, an operator, an f-string."""
    if kind == "string":
        return "f" in token[:2].lower().partition(token.lstrip("rRuUbBfF")[:1])[0]
    return kind == "word" and not all(map(_LITERAL.fullmatch, re.findall(r":|[^:]+", token)))
