"""Statements in Python source that change a list after its assignment, found without running them."""

import ast
import warnings
from collections.abc import Iterable, Iterator

from techner.core.errors import FileError
from techner.formats.python_scan import Found

MAX_CHARS = 1 << 18
"""A syntax tree takes hundreds of bytes per character."""
_METHODS = frozenset(
    {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
)
_DELIVER = "deliver the final list alone"


def refuse_changes(text: str, found: Found, lists: Iterable[Found]) -> None:
    """Raise FileError if a later statement changes the list or its items, or gives its name away.

    What follows the list is parsed, without the items of `lists`, which are nearly all of the text.
    """
    line = text.count("\n", 0, found.at)
    source = "\n" * line + f"{found.name} = " + "".join(_without_items(text, found, lists))
    if len(source) > MAX_CHARS:
        raise FileError("format", f"Python with {len(source)} characters after {found.name}: {_DELIVER}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, *later = ast.parse(source).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        why = f"Python that cannot be read after {found.name} ({error})"
        raise FileError("format", f"{why}: {_DELIVER}") from error
    for statement in later:
        for node in ast.walk(statement):
            if _changes(node, found.name):
                at = getattr(node, "lineno", statement.lineno)
                raise FileError("format", f"Python that changes {found.name} on line {at}: {_DELIVER}")


def _changes(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            return _root(node) == name
        case ast.Call(func=ast.Attribute(value=value, attr=method)):
            return method in _METHODS and _root(value) == name
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == name
        case ast.alias():
            return name in {node.name, node.asname}
        case _:
            return False


def _root(node: ast.expr) -> str | None:
    """Return the name that an expression such as `A[0][1]` begins with."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _without_items(text: str, found: Found, lists: Iterable[Found]) -> Iterator[str]:
    """Yield the source from the bracket of `found` on; 0 and the line ends stand for the items of a list."""
    at = found.at
    for part in lists:
        if part.at >= found.at and part.count:
            start = next(part.items())[0]
            yield text[at:start] + "0" + "\n" * text.count("\n", start, part.end)
            at = part.end
    yield text[at:]
