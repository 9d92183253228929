"""Pieces of the generated pages."""

import inspect
from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table; a bar in a cell is escaped."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def first_sentence(text: str | None) -> str:
    """Return the first paragraph of a docstring as one line."""
    return inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")
