"""Which reader a delivery needs, decided by its content and never by its name."""

import re
from collections.abc import Iterator

from techner.core.errors import FileError
from techner.formats import conll, docbin, huggingface, python_literal, sentence_table, word_table
from techner.formats.compressed import unpack
from techner.formats.encodings import in_utf8
from techner.formats.foreign import refuse_foreign, refuse_utf16, with_line_ends
from techner.formats.json_files import is_json_list, json_lines, json_list, json_record
from techner.formats.records import is_record, read_records
from techner.formats.rows import Row

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 1 << 16
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")


def read_rows(data: bytes) -> tuple[str, Iterator[Row]]:
    """Return the name of the format and the rows.

    Raises FileError if the file cannot be read, also while the rows are read: a second format, or a list
    that breaks off, shows only then.
    """
    if not data.startswith(_GZIP):
        return _read_unpacked(data)
    name, rows = _read_unpacked(unpack(data, what="gzip data"))
    return f"{name}, gzip", rows


def _read_unpacked(data: bytes) -> tuple[str, Iterator[Row]]:
    refuse_foreign(data)
    if docbin.is_docbin(data):
        return docbin.NAME, docbin.read_docbin(data)
    refuse_utf16(data)
    data = with_line_ends(data.removeprefix(_BOM))  # framing, not data
    if data.isspace() or not data:
        raise FileError("empty", "the file has no rows")
    if _EMPTY_LIST.fullmatch(data):
        raise FileError("empty", "the file is an empty list")
    return _read_text(data)


def _read_text(data: bytes) -> tuple[str, Iterator[Row]]:
    if found := _with_header(data):
        return found
    if columns := conll.columns_of(data):
        return conll.NAME, in_utf8(conll.read_conll(data, columns))
    head = data[:_HEAD_BYTES].decode("utf-8", "replace")
    if python_literal.is_python(head, data):
        name, rows = read_records(python_literal.read_python(data, is_record))
        return f"{name}, Python", rows
    if huggingface.is_document(data):
        return read_records(huggingface.document_rows(data))
    if is_json_list(data):
        return read_records(json_list(data))
    return read_records(json_record(data) or json_lines(data))


def _with_header(data: bytes) -> tuple[str, Iterator[Row]] | None:
    if table := word_table.table_of(data):
        return word_table.NAME, in_utf8(word_table.read_table(data, table))
    if header := sentence_table.sentences_header(data):
        return sentence_table.NAME, in_utf8(sentence_table.read_sentences(data, header))
    return None
