"""One sentence a line under a header, with a tag for each of its words: `text,labels`; Kaggle's `ner.csv`."""

import ast
from collections.abc import Iterator
from io import BytesIO

from techner.formats.header import Header, header_of
from techner.formats.rows import Fault, Row, ShapeError
from techner.formats.tags import TAG, tagged

NAME = "sentence table"
_TEXTS = frozenset(("text", "texts", "sentence", "sentences"))
_TAGS = frozenset(("tag", "tags", "label", "labels", "word_labels", "ner_tags", "ner"))
_CUTS = ",;\t"
_LOOKED_AT = 50
_LEAST_TAGGED = 0.9
_FEW = 5
"""With fewer lines, it does not show whether one word a line is a sentence."""
MAX_CELL_CHARS = 1 << 17
"""A list as Python prints it takes 200 times as much memory while it is read."""


def sentences_header(data: bytes) -> Header | None:
    """Return the header of such a table; None if it names no one column of texts and one of tags."""
    header = header_of(data, _CUTS, _TEXTS, _TAGS)
    return header if header and _is_tagged(header, data) else None


def _is_tagged(header: Header, data: bytes) -> bool:
    """Say whether the lines have tags, and most of them several: with one each, it is no such table."""
    seen = tagged_lines = sentences = 0
    for _, line in _lines(data):
        seen += 1
        try:
            _, tags = _words(header, line)
        except (ShapeError, UnicodeDecodeError):
            continue
        tagged_lines += bool(tags) and all(TAG.fullmatch(tag) for tag in tags)
        sentences += len(tags) > 1
        if seen == _LOOKED_AT:
            break
    return seen > 0 and tagged_lines >= _LEAST_TAGGED * seen and (2 * sentences > seen or seen < _FEW)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    return (
        (number, line) for number, line in enumerate(BytesIO(data), 1) if number > 1 and not line.isspace()
    )


def _words(header: Header, line: bytes) -> tuple[list[str], list[str]]:
    """Return the words and the tags of a line; raises UnicodeDecodeError and ShapeError."""
    cells = header.cells(line)
    text, tags = (cells[at : at + 1] for at in header.columns)
    if not text or not tags:
        raise ShapeError(f"the line has {len(cells)} columns, the header more")
    return text[0].split(), _listed(tags[0])


def _listed(cell: str) -> list[str]:
    """Return the tags of a cell: separated by spaces, or a list as Python prints it."""
    if not cell.lstrip().startswith("["):
        return cell.split()
    if len(cell) > MAX_CELL_CHARS:
        raise ShapeError(f"{len(cell):,} characters of tags: at most {MAX_CELL_CHARS:,} are read")
    try:
        found = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ShapeError("the tags are no list") from error
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise ShapeError("the tags are no list of strings")
    return found


def read_sentences(data: bytes, header: Header) -> Iterator[Row]:
    """Yield one row per line, numbered as lines; the first is the header."""
    return (_row(number, line, header) for number, line in _lines(data))


def _row(number: int, line: bytes, header: Header) -> Row:
    raw = b"\n".join([header.raw, line.rstrip(b"\r\n")])
    try:
        words, tags = _words(header, line)
    except UnicodeDecodeError as error:
        fault = Fault("encoding", f"byte {error.start} of the line is not UTF-8")
        return Row(number=number, raw=raw, fault=fault)
    except ShapeError as error:
        return Row(number=number, raw=raw, fault=Fault("shape", str(error)))
    if len(words) != len(tags):
        fault = Fault("shape", f"{len(words)} words, {len(tags)} tags: each word needs one")
        return Row(number=number, raw=raw, fault=fault)
    return Row(number=number, raw=raw, **tagged(words, tags))
