"""Python source with training data, `TRAIN_DATA = [("use TLS", {"entities": [(4, 7, "PROTOCOL")]}), …]`.

Nothing is executed. A scanner that knows strings, comments and brackets finds the items of each list; one
item at a time is parsed, as a literal alone, so that neither a large file nor a deep one takes much memory.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from techner.core.errors import BatchError
from techner.formats.rows import Fault, Item

NAME = "Python"
MAX_ITEM_CHARS = 1 << 18
"""A syntax tree takes hundreds of bytes for each character."""
MAX_DEPTH = 32
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*(?::[^=\n]*)?=\s*")
_BEGINS = re.compile(r"^[A-Za-z_]\w*[ \t]*(?::[^=\n]*)?=[ \t]*\\?\s*[\[(]", re.MULTILINE)
_BARE = re.compile(r"\s*(?:(?:[\[(]\s*)+(?:\(|[rRuU]?'|[rRuU]\")|\(\s*[rRuU]?[\"']|\{\s*')")
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
_INSIDE = re.compile(r"""(?:[\s,:]+|\d+(?![\w.+-])|"[^"\\\n]*+"(?!")|'[^'\\\n]*+'(?!'))++""")
"""What nearly all of an item is: between its own brackets none of it matters to the scanner."""
_LITERAL = re.compile(r":|None|True|False|[-+]?\d[\d_.eE+-]*")
_CHANGED = r"^[ \t]*{name}\s*(?:\.\s*(?:append|extend|insert|remove|pop)\b|\+=|\[[^\]\n]*\]\s*=)"


@dataclass(slots=True)
class Found:
    """One list of a file: where each of its items is."""

    name: str
    at: int
    items: list[tuple[int, int]] = field(default_factory=list)
    problem: str | None = None
    """Why it is no literal."""


def is_python(head: str, data: bytes) -> bool:
    """Say whether a file begins as Python source with a list, and not as JSON."""
    text = "\n".join(line for line in head.split("\n") if not line.lstrip().startswith("#"))
    if _BEGINS.search(text) or _BARE.match(text):
        return True
    return re.match(r"\s*\[\s*\[", text) is not None and re.search(rb",\s*\]\s*\Z", data[-1000:]) is not None


def read_python(data: bytes, is_record: Callable[[Any], bool]) -> Iterator[Item]:
    """Yield the items of the only list of training data; raises BatchError where it is not one."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BatchError(f"encoding: byte {error.start} is not UTF-8: export the file as UTF-8") from error
    lists = _lists(text)
    fitting = [found for found in lists if _holds_records(text, found, is_record)]
    if len(fitting) > 1 and not any(found.name for found in fitting):
        fitting = [Found("", 0, [item for found in fitting for item in found.items])]
    if len(fitting) != 1:
        names = ", ".join(found.name or _line(text, found.at) for found in lists[:8]) or "nothing"
        many = "several lists of training data" if fitting else "no list of training data"
        wanted = "one list [(text, {'entities': [(start, end, label)]}), …]"
        raise BatchError(f"format: Python with {many} (lists: {names}): deliver {wanted} a file")
    (found,) = fitting
    if found.problem:
        raise BatchError(f"format: Python that would have to be run, {found.problem}: deliver literals alone")
    if found.name and (changed := re.search(_CHANGED.format(name=found.name), text, re.MULTILINE)):
        line = text.count("\n", 0, changed.start()) + 1
        raise BatchError(
            f"format: Python that changes {found.name} on line {line}: deliver the final list alone"
        )
    return _items(text, found)


def _items(text: str, found: Found) -> Iterator[Item]:
    for number, (start, end) in enumerate(found.items, 1):
        value, fault = _value(text[start:end])
        yield number, text[start:end].encode(), value, fault


def _holds_records(text: str, found: Found, is_record: Callable[[Any], bool]) -> bool:
    return any(is_record(_value(text[start:end])[0]) for start, end in found.items[:5])


def _value(source: str) -> tuple[Any, Fault | None]:
    """Return one literal as JSON would give it, and what is wrong with it."""
    if len(source) > MAX_ITEM_CHARS:
        return None, ("json", f"an item of {len(source)} characters is too long for Python: deliver JSON")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a string is a matter of style
            return _plain(ast.parse(source.strip(), mode="eval").body), None
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        return None, ("json", f"no Python literal ({getattr(error, 'msg', None) or error})")


def _plain(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_plain(part) for part in parts]
        case ast.Dict(keys=keys, values=values):
            names = [None if key is None else _plain(key) for key in keys]
            if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
                raise ValueError("a key stands twice, or is no string")
            return dict(zip(names, map(_plain, values), strict=True))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case _:
            raise ValueError(f"{type(node).__name__} is none")


def _lists(text: str) -> list[Found]:
    """Return each list, tuple or object that stands alone or is given a name, at the left margin."""
    scanner = _Scanner(text)
    at = 0
    while at < len(text):
        if scanner.depth > 1 and (inside := _INSIDE.match(text, at)):
            at = inside.end()
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise BatchError(f"format: Python breaks off in a string on {_line(text, at)}: deliver it again")
        scanner.take(token.lastgroup or "", token.group(), at, token.end())
        at = token.end()
    if scanner.open:
        where = _line(text, scanner.open.at)
        raise BatchError(f"format: Python whose list on {where} is not closed: deliver it again")
    return scanner.lists


@dataclass(slots=True)
class _Scanner:
    text: str
    lists: list[Found] = field(default_factory=list)
    open: Found | None = None
    depth: int = 0
    statement: int = 0
    """Where the statement begins that the scanner is in."""
    item: int = 0
    goes_on: bool = False
    """Whether the statement of the last list did not end yet."""

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
        found.problem = found.problem or f"{token[:20]!r} on {_line(self.text, at)}"


def _line(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"


def _begun(text: str, statement: int, at: int) -> Found | None:
    """Return the list that begins here, if nothing but a name stands before it."""
    before = text[statement : min(at, statement + 200)].replace("\\\n", "").rstrip(" \t\r")
    assigned = _ASSIGNED.fullmatch(before) if before else None
    return Found(assigned["name"] if assigned else "", at) if assigned or not before else None


def _whole(text: str, found: Found, end: int) -> Found:
    """Return one record that stands alone as a list of it: `("use TLS", {…}),` a line."""
    is_pair = len(found.items) == len(("text", "entities")) and text[found.items[0][0]] not in "[({"
    if not found.name and (is_pair or text[found.at] == "{"):
        found.items = [(found.at, end)]
    return found


def _add(found: Found, text: str, start: int, end: int) -> None:
    if not text[start:end].strip():
        return
    skipped = re.compile(r"(?:\s|#[^\n]*)*").match(text, start, end)
    begin = skipped.end() if skipped else start
    if begin < end:
        found.items.append((begin, end))


def _runs(kind: str | None, token: str) -> bool:
    """Say whether a token is more than a literal: a name, an operator, an f-string."""
    if kind == "string":
        return "f" in token[:2].lower().partition(token.lstrip("rRuUbBfF")[:1])[0]
    return kind == "word" and not all(map(_LITERAL.fullmatch, re.findall(r":|[^:]+", token)))
