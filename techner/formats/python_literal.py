"""Python source with training data, `TRAIN_DATA = [("use TLS", {"entities": [(4, 7, "PROTOCOL")]}), …]`.

Nothing is executed. A scanner that knows strings, comments and brackets finds the items of each list; one
item at a time is parsed, as a literal alone, so that neither a large file nor a deep one takes much memory.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from techner.core.errors import BatchError
from techner.formats.python_scan import Found, line_of, lists_in
from techner.formats.rows import Fault, Item

NAME = "Python"
MAX_ITEM_CHARS = 1 << 18
"""A syntax tree takes hundreds of bytes for each character."""
_BEGINS = re.compile(r"^[A-Za-z_]\w*[ \t]*(?::[^=\n]*)?=[ \t]*\\?\s*[\[(]", re.MULTILINE)
_BARE = re.compile(r"\s*(?:(?:[\[(]\s*)+(?:\(|[rRuU]?'|[rRuU]\")|\(\s*[rRuU]?[\"']|\{\s*')")
_CHANGED = r"^[ \t]*{name}\s*(?:\.\s*(?:append|extend|insert|remove|pop)\b|\+=|\[[^\]\n]*\]\s*=)"


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
    lists = lists_in(text)
    fitting = [found for found in lists if _holds_records(text, found, is_record)]
    if len(fitting) > 1 and not any(found.name for found in fitting):
        fitting = [Found("", 0, [item for found in fitting for item in found.items])]
    if len(fitting) != 1:
        names = ", ".join(found.name or line_of(text, found.at) for found in lists[:8]) or "nothing"
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
