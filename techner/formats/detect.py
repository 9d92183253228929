"""Which reader a delivery needs: decided by its content, never by its name."""

from collections.abc import Iterator
from typing import Any

from techner.core.errors import BatchError
from techner.formats import strict_json
from techner.formats.classic import read_array
from techner.formats.jsonl import read_lines, row_of
from techner.formats.rows import Row

_FOREIGN = {
    b"\x1f\x8b": "gzip data; deliver it unpacked",
    b"PK": "a zip archive; deliver the file inside",
    b"\xff\xfe": "UTF-16; export as UTF-8",
    b"\xfe\xff": "UTF-16; export as UTF-8",
}


def read_rows(data: bytes) -> tuple[str, Iterator[Row]]:
    """Return the reader's name and the rows; raises BatchError where the whole file cannot be read."""
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise BatchError(f"encoding: the file is {what}")
    if not data.strip():
        raise BatchError("empty: the file has no rows")
    array = _whole_array(data)
    if array == []:
        raise BatchError("empty: the file is an empty list")
    if array is not None:
        return "array", (row_of(number, raw, item) for number, raw, item in read_array(array))
    return "lines", read_lines(data)


def _whole_array(data: bytes) -> list[Any] | None:
    """Return the items where the file is one array of records, and not a first line that is a list itself."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"["):
        return None
    try:
        items = strict_json.loads(start.decode())
    except ValueError:  # lines of lists, or a broken file: the line reader says which line
        return None
    # One line `["text", {"entities": …}]` alone is a delivery of one row.
    return items if all(isinstance(item, (list, dict)) for item in items) else None
