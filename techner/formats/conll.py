"""CoNLL columns: a token a line, its tag in the last column, blank lines between the sentences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any

from techner.core.errors import BatchError
from techner.formats import strict_json
from techner.formats.rows import Row, ShapeError
from techner.formats.tags import TAG, tagged

NAME = "CoNLL"
_HEAD_BYTES = 1 << 16
_SPACES = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[0-9]+([-.][0-9]+)?")  # CoNLL-U has 1-2 and 1.1 too
_DOCUMENT = "-DOCSTART-"


@dataclass(frozen=True, slots=True)
class Columns:
    """How the lines of a file are cut; the tag is always the last column."""

    tabs: bool
    token: int
    """Which column is the token: the second where the first counts them, as in CoNLL-U and GermEval."""

    def cut(self, line: str) -> list[str]:
        """Cut a line; without tabs, at any white space."""
        line = line.rstrip(" \t\r\n")
        return line.split("\t") if self.tabs else _SPACES.split(line)

    def has_tag(self, line: str) -> bool:
        """Say whether the line has a token and a tag."""
        columns = self.cut(line)
        return len(columns) > max(1, self.token) and TAG.fullmatch(columns[-1]) is not None


def columns_of(data: bytes) -> Columns | None:
    """Return how the columns are cut; None where most lines of the beginning do not end with a tag."""
    head = data[:_HEAD_BYTES].decode("utf-8", "replace").split("\n")
    if len(data) > _HEAD_BYTES:
        del head[-1]
    lines = [line for line in head if line.strip() and not line.startswith(_DOCUMENT)]
    tabs = sum("\t" in line for line in lines) * 2 > len(lines)
    columns = Columns(tabs, token=0)
    lines = [line for line in lines if not _is_comment(line, columns)]
    if sum(map(columns.has_tag, lines)) * 2 <= len(lines):
        return None
    return Columns(tabs, token=1) if _are_counted([columns.cut(line) for line in lines]) else columns


def _are_counted(lines: list[list[str]]) -> bool:
    """Say whether the first of three or more columns counts the tokens."""
    first = [columns[0] for columns in lines if len(columns) >= len(("number", "token", "tag"))]
    return len(first) == len(lines) > 1 and all(map(_COUNT.fullmatch, first)) and {"1", "2"} <= set(first)


def _is_comment(line: str, columns: Columns) -> bool:
    return line.startswith("#") and not columns.has_tag(line)


def read_conll(data: bytes, columns: Columns) -> Iterator[Row]:
    """Yield a row a sentence, numbered by its first line; raises BatchError where a line is JSON."""
    block: list[bytes] = []
    for number, line in enumerate(chain(BytesIO(data), [b""]), 1):
        if line.strip():
            block.append(line)
        elif block:
            row = _sentence(number - len(block), block, columns)
            if row:
                yield row
            block = []


def _sentence(first: int, block: list[bytes], columns: Columns) -> Row | None:
    """Read one block; None where it has no token, only document marks and comments."""
    raw = b"".join(block).removesuffix(b"\n").removesuffix(b"\r")
    tokens, tags = [], []
    for number, line in enumerate(block, first):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            detail = f"line {number}: byte {error.start} is not UTF-8"
            return Row(number=first, raw=raw, fault=("encoding", detail))
        if text.startswith(_DOCUMENT) or _is_comment(text, columns):
            continue
        cut = columns.cut(text)
        if not columns.has_tag(text) or not cut[columns.token]:
            if _is_json(text):
                raise BatchError(
                    f"mixed: line {number} is JSON, most lines are {NAME}: deliver one format a file"
                )
            return Row(number=first, raw=raw, fault=("shape", f"line {number} has no token or no tag"))
        tokens.append(cut[columns.token])
        tags.append(cut[-1])
    if not tokens:
        return None
    try:
        return Row(number=first, raw=raw, **tagged(tokens, tags))
    except ShapeError as error:
        return Row(number=first, raw=raw, fault=("shape", str(error)))


def is_tagged(line: bytes) -> bool:
    """Say whether a line is a token and a tag, and surely no piece of JSON."""
    if line.startswith((b"{", b"[")):
        return False
    text = line.decode("utf-8", "replace")
    return any(Columns(tabs, token=0).has_tag(text) for tabs in (False, True))


def _is_json(line: str) -> bool:
    try:
        value: Any = strict_json.loads(line)
    except ValueError:
        return False
    return isinstance(value, (dict, list))
