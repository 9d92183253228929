"""One word a line under a header that names columns: Kaggle's `Sentence #,Word,POS,Tag`; `token label`."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from techner.formats.columns import DOCUMENT
from techner.formats.conll import MAX_LINES
from techner.formats.header import Header, header_of
from techner.formats.rows import Fault, Row, ShapeError
from techner.formats.tags import TAG, tagged

NAME = "word table"
_WORDS = frozenset(("word", "words", "token", "tokens"))
_TAGS = frozenset(("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "bio", "iob"))
_SENTENCES = re.compile(
    r"(sentences?|sent|doc|documents?|article|paragraph|para|file|filename)"
    r"[ _.-]*(#|id|ids|idx|index|no|nr|num|number|name)?"
)
_CUTS = ",;\t "
_LOOKED_AT = 50
_LEAST_TAGS = 0.9
_ONLY_WORDS = 40


class Table(NamedTuple):
    """A header, and which of its columns is what."""

    header: Header
    word: int
    tag: int
    sentence: tuple[int, ...]
    """Columns whose values name a sentence together, such as a document and a number in it."""


def table_of(data: bytes) -> Table | None:
    """Return how a table is cut; None if no header names one column of words and one of tags."""
    match header_of(data, _CUTS, _WORDS, _TAGS, maybe=_SENTENCES):
        case Header(columns=(word, tag), others=sentence) as header:
            table = Table(header, word, tag, sentence)
            return table if _is_tagged(table, BytesIO(data)) else None
    return None


def _is_tagged(table: Table, lines: BytesIO) -> bool:
    seen = tagged_lines = 0
    next(lines, None)
    for line in lines:
        try:
            cells = table.header.cells(line)
        except (ShapeError, UnicodeDecodeError):
            continue
        if any(cells):
            seen += 1
            tagged_lines += len(cells) > table.tag and TAG.fullmatch(cells[table.tag]) is not None
        if seen == _LOOKED_AT:
            break
    return seen > 0 and tagged_lines >= _LEAST_TAGS * seen


def read_table(data: bytes, table: Table) -> Iterator[Row]:
    """Yield one row per sentence, numbered by its first line."""
    rows = (_row(first, lines, table) for first, lines in _sentences(data, table))
    first, second = next(rows, None), next(rows, None)
    if first is None:
        return
    is_long = not first.fault and len(first.text.split(" ")) > _ONLY_WORDS
    yield first._replace(remarks=("sentences",)) if second is None and is_long else first
    if second:
        yield second
    yield from rows


def _sentences(data: bytes, table: Table) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the lines of each sentence; a blank line or a new name in the sentence column ends one."""
    lines: list[bytes] = []
    name = ("",) * len(table.sentence)
    first = 0
    for number, line in enumerate(BytesIO(data), 1):
        if number == 1:
            continue
        named = _named(line, table)
        new = tuple(part or old for part, old in zip(named, name, strict=True))  # Kaggle's: at first words
        is_blank = not line.strip(b" \t\r\n,;")
        if lines and (is_blank or new != name or len(lines) > MAX_LINES):
            yield first, lines
            lines = []
        name = new
        if not is_blank:
            first = first if lines else number
            lines.append(line)
    if lines:
        yield first, lines


def _named(line: bytes, table: Table) -> tuple[str, ...]:
    """Return the name of the sentence, with nothing in place of what the line does not say."""
    if not table.sentence:
        return ()
    try:
        cells = table.header.cells(line)
    except (ShapeError, UnicodeDecodeError):
        cells = []
    return tuple("".join(cells[at : at + 1]).strip() for at in table.sentence)


def _row(first: int, lines: list[bytes], table: Table) -> Row:
    raw = b"\n".join([table.header.raw, b"".join(lines).rstrip(b"\r\n")])
    if len(lines) > MAX_LINES:
        detail = f"more than {MAX_LINES} lines without a new sentence: put a blank line after each"
        return Row(number=first, raw=raw, fault=Fault("shape", detail))
    try:
        words, tags = _words(lines, table)
        return Row(number=first, raw=raw, **tagged(words, tags))
    except UnicodeDecodeError as error:
        detail = f"line {first + lines.index(error.object)}: byte {error.start} is not UTF-8"
        return Row(number=first, raw=raw, fault=Fault("encoding", detail))
    except ShapeError as error:
        return Row(number=first, raw=raw, fault=Fault("shape", str(error)))


def _words(lines: list[bytes], table: Table) -> tuple[list[str], list[str]]:
    words, tags = [], []
    for line in lines:
        cells = table.header.cells(line)
        if len(cells) <= max(table.word, table.tag) or not cells[table.word].strip():
            raise ShapeError(f"a line has no word or no tag: {line.decode().strip()[:60]!r}")
        if cells[table.word] != DOCUMENT:
            words.append(cells[table.word].strip())
            tags.append(cells[table.tag].strip())
    if not words:
        raise ShapeError("the sentence has no word")
    return words, tags
