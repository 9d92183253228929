"""Python source with training data, `TRAIN_DATA = [("use TLS", {"entities": [(4, 7, "PROTOCOL")]}), …]`.

Nothing is executed. A scanner that knows strings, comments and brackets finds the items of each list; a few
items at a time are parsed, only as literals, so neither a large nor a deep file takes much memory.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from techner.core.errors import FileError
from techner.formats.python_changes import refuse_changes
from techner.formats.python_scan import Found, as_one_list, line_of, lists_in
from techner.formats.rows import Fault, Item

NAME = "Python"
MAX_ITEM_CHARS = 1 << 18
"""A syntax tree takes hundreds of bytes per character."""
_AT_ONCE = 20
"""How many short items are parsed together, which halves their time."""
_AT_ONCE_CHARS = 1 << 14
_FAULTS = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)
_BEGINS = re.compile(r"^[A-Za-z_]\w*[ \t]*(?::[^=\n]*)?=[ \t]*\\?\s*[\[(]", re.MULTILINE)
_BARE = re.compile(r"\s*(?:(?:[\[(]\s*)+(?:\(|[rRuU]?'|[rRuU]\")|\(\s*[rRuU]?[\"']|\{\s*')")


def is_python(head: str, data: bytes) -> bool:
    """Say whether a file begins as Python source with a list rather than as JSON."""
    text = "\n".join(line for line in head.split("\n") if not line.lstrip().startswith("#"))
    if _BARE.match(text):
        return True
    # After a JSON record, `name = [` is a bad line of JSONL: as Python it would be passed over.
    if _BEGINS.search(text) and not text.lstrip().startswith(("{", "[")):
        return True
    return re.match(r"\s*\[\s*\[", text) is not None and re.search(rb",\s*\]\s*\Z", data[-1000:]) is not None


def read_python(data: bytes, is_record: Callable[[Any], bool]) -> Iterator[Item]:
    """Yield the items of the only list of training data; raises FileError if there is not exactly one."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FileError("encoding", f"byte {error.start} is not UTF-8: export the file as UTF-8") from error
    lists = lists_in(text)
    fitting = [found for found in lists if _holds_records(text, found, is_record)]
    if len(fitting) > 1 and not any(found.name for found in fitting):
        fitting = [as_one_list(fitting)]
    if len(fitting) != 1:
        names = ", ".join(found.name or line_of(text, found.at) for found in lists[:8]) or "nothing"
        many = "several lists of training data" if fitting else "no list of training data"
        wanted = "one list [(text, {'entities': [(start, end, label)]}), …]"
        raise FileError("format", f"Python with {many} (lists: {names}): deliver {wanted} per file")
    (found,) = fitting
    if found.problem:
        raise FileError("format", f"Python that would have to be run, {found.problem}: deliver only literals")
    if found.name:
        refuse_changes(text, found, lists)
    return _items(text, found)


def _items(text: str, found: Found) -> Iterator[Item]:
    for first in range(0, found.count, _AT_ONCE):
        sources = [text[start:end] for start, end in found.items(first, first + _AT_ONCE)]
        read = zip(sources, _values(sources), strict=True)
        for number, (source, (value, fault)) in enumerate(read, first + 1):
            yield number, source.encode(), value, fault


def _holds_records(text: str, found: Found, is_record: Callable[[Any], bool]) -> bool:
    return any(is_record(_value(text[start:end])[0]) for start, end in found.items(0, 5))


def _values(sources: Sequence[str]) -> Iterable[tuple[Any, Fault | None]]:
    """Return each literal as JSON would give it, and its fault; parsed one by one if any has one."""
    if sum(map(len, sources)) <= _AT_ONCE_CHARS:
        with suppress(*_FAULTS):
            parts = _parsed(sources)
            if len(parts) == len(sources):
                return [(_plain(part), None) for part in parts]
    return map(_value, sources)


def _value(source: str) -> tuple[Any, Fault | None]:
    if len(source) > MAX_ITEM_CHARS:
        return None, Fault(
            "json", f"an item of {len(source)} characters is too long for Python: deliver JSON"
        )
    try:
        (part,) = _parsed([source])
        return _plain(part), None
    except _FAULTS as error:
        return None, Fault("json", f"not a Python literal ({getattr(error, 'msg', None) or error})")


def _parsed(sources: Iterable[str]) -> list[ast.expr]:
    """Parse items as parts of a list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape in a string does no harm here
        parsed = ast.parse("[" + "\n,".join(sources) + "\n]", mode="eval").body
    if not isinstance(parsed, ast.List):
        raise TypeError(f"{type(parsed).__name__} is not a list")
    return parsed.elts


def _plain(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_plain(part) for part in parts]
        case ast.Dict(keys=keys, values=values):
            names = [None if key is None else _plain(key) for key in keys]
            if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
                raise ValueError("a key is repeated or is not a string")
            return dict(zip(names, map(_plain, values), strict=True))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case _:
            raise ValueError(f"{type(node).__name__} is not a literal")
