"""CoNLL columns: one token a line with its tag, blank lines between sentences."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Any

from techner.core.errors import FileError
from techner.formats import strict_json
from techner.formats.columns import DOCUMENT, Columns, columns_of, is_comment
from techner.formats.rows import Fault, Row, ShapeError
from techner.formats.tags import joined, spans

NAME = "CoNLL"
__all__ = ["NAME", "columns_of", "is_tagged", "read_conll"]
_LONG_TOKENS = 200
"""Nearly every sentence is shorter: without blank lines a whole document is read as one."""
_ONLY_TOKENS = 40
"""The same, for a file with only one sentence."""
MAX_LINES = 20_000
"""Of one sentence: more lines exceed the longest allowed text, and cutting them takes memory."""
MAX_BYTES = 4 << 20
"""The same, for long lines."""
_LINE_BYTES = 4096
"""A token with its columns is shorter."""
_NO_SPACE = "SpaceAfter=No"
Token = tuple[str, str, bool]
"""Word, tag, and whether a space follows."""


def read_conll(data: bytes, columns: Columns) -> Iterator[Row]:
    """Yield one row per sentence, numbered by its first line; raises FileError if a line is JSON."""
    rows = filter(None, (_sentence(*block, columns) for block in _blocks(data)))
    first = next(rows, None)
    if first is None:
        return
    second = next(rows, None)
    if second is None and len((first.text or "").split(" ")) > _ONLY_TOKENS and not first.remarks:
        first = first._replace(remarks=("sentences",))
    yield first
    if second:
        yield second
    yield from rows


def _blocks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield first line, number of lines and bytes of each sentence; a document mark also begins one."""
    lines = start = end = 0
    mark = DOCUMENT.encode()
    for number, line in enumerate(chain(BytesIO(data), [b""]), 1):
        is_blank = line.isspace() or not line
        if lines and (is_blank or line.startswith(mark)):
            yield number - lines, lines, data[start:end]
            lines = 0
        if not is_blank:
            start = start if lines else end
            lines += 1
        end += len(line)


def _sentence(first: int, lines: int, block: bytes, columns: Columns) -> Row | None:
    """Read one block; None if it holds only document marks and comments."""
    raw = block.removesuffix(b"\n").removesuffix(b"\r")
    if lines > MAX_LINES or len(raw) > MAX_BYTES:
        detail = f"{lines} lines, {len(raw)} bytes without a blank line: put one after each sentence"
        return Row(number=first, raw=raw, fault=Fault("shape", detail))
    cuts: list[list[str]] = []
    for number, line in enumerate(BytesIO(block), first):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            detail = f"line {number}: byte {error.start} is not UTF-8"
            return Row(number=first, raw=raw, fault=Fault("encoding", detail))
        if text.startswith(DOCUMENT) or is_comment(text, columns):
            continue
        cut = columns.cut(text)
        if columns.tag_of(cut) is None or not cut[columns.token]:
            if _is_json(text):
                raise FileError(
                    "mixed", f"line {number} is JSON, most lines are {NAME}: deliver one format per file"
                )
            return Row(number=first, raw=raw, fault=Fault("shape", f"line {number} has no token or no tag"))
        cuts.append(cut)
    if not cuts:
        return None
    try:
        return Row(number=first, raw=raw, **_parts(cuts, columns))
    except ShapeError as error:
        return Row(number=first, raw=raw, fault=Fault("shape", str(error)))


def _parts(cuts: list[list[str]], columns: Columns) -> dict[str, Any]:
    """Return text, entities and remarks of one sentence; raises ShapeError."""
    tokens = (
        _words(cuts, columns)
        if columns.in_misc
        else [(cut[columns.token], cut[columns.tag], True) for cut in cuts]
    )
    if not tokens:
        raise ShapeError("the sentence has no word")
    text, starts, ends = joined([word for word, _, _ in tokens], [space for _, _, space in tokens])
    found = spans([tag for _, tag, _ in tokens])
    remarks = ["sentences"] if len(tokens) > _LONG_TOKENS else []
    if columns.inner is not None and any(
        cut[columns.inner : columns.inner + 1] not in ([], ["O"]) for cut in cuts
    ):
        remarks.append("left_out")
    entities = [[starts[first], ends[last], label] for first, last, label in found]
    return {"text": text, "entities": entities, "remarks": tuple(remarks)}


def _words(cuts: Sequence[Sequence[str]], columns: Columns) -> list[Token]:
    """Return the words as CoNLL-U writes them: `1-2` is one written word, `1.1` is not a word."""
    tokens: list[Token] = []
    until = 0
    written: Token | None = None
    for cut in cuts:
        number, _, end = cut[0].partition("-")
        word: Token = (cut[columns.token], columns.tag_of(cut) or "O", _NO_SPACE not in cut[-1])
        if "." in number or not number.isdecimal():
            continue
        if end.isdecimal():
            until, written = int(end), word
            continue
        if written and int(number) <= until:
            written = (written[0], written[1] if written[1] != "O" else word[1], written[2])
            if int(number) == until:
                tokens.append(written)
                written = None
            continue
        tokens.append(word)
    return tokens


def is_tagged(line: bytes) -> bool:
    """Say whether a line is a token and a tag, and cannot be a piece of JSON."""
    if line.startswith((b"{", b"[")) or len(line) > _LINE_BYTES:
        return False
    text = line.decode("utf-8", "replace")
    return any(Columns(tabs, token=0).has_tag(text) for tabs in (False, True))


def _is_json(line: str) -> bool:
    try:
        value: Any = strict_json.loads(line)
    except ValueError:
        return False
    return isinstance(value, (dict, list))
