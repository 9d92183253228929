"""The two kinds of JSON files, one record a line and one list of records; other readers read the records."""

import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, NoReturn

from techner.core.errors import FileError
from techner.formats import strict_json
from techner.formats.rows import Fault, Item

_WINDOW_BYTES = 1 << 18
"""Nearly every item ends within this many; more are taken only for an item that does not."""
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*")
Decode = Callable[[str, int], tuple[Any, int]]
_LIST = re.compile(rb"\s*\[\s*(?P<inside>[\[{])")


def json_lines(data: bytes) -> Iterator[Item]:
    """Yield an item for every line that is not blank.

    Only LF ends a line: U+2028 and the like are legal inside JSON strings. A CR before it is framing. A file
    of one line may be one object around all records, so that it may be longer than a record.
    """
    is_alone = _skip(data, _first_line(data)[1]) == len(data)
    most = strict_json.MAX_DOCUMENT_CHARS if is_alone else strict_json.MAX_RECORD_CHARS
    for number, line in enumerate(BytesIO(data), 1):
        if line.isspace():
            continue
        raw = line.removesuffix(b"\n").removesuffix(b"\r")
        text = raw.removeprefix(_BOM)  # joined files have one each
        try:
            yield number, raw, strict_json.record(text.decode(), most=most), None
        except UnicodeDecodeError as error:
            yield number, raw, None, Fault("encoding", f"byte {error.start} is not UTF-8")
        except ValueError as error:
            more = "; a CR does not end a line here: write LF" if b"\r" in raw else ""
            yield number, raw, None, Fault("json", f"{error}{more}")


def is_json_list(data: bytes) -> bool:
    """Say whether the file is one list of records, rather than lines of which the first is a list.

    A list that begins with a string is a classic line: `["text", {"entities": …}]`.
    """
    if not _LIST.match(data):
        return False
    start, end = _first_line(data)
    if _skip(data, end) == len(data):
        return True
    try:
        strict_json.record(data[start:end].decode())
    except ValueError:
        return True
    return False


def _first_line(data: bytes) -> tuple[int, int]:
    """Return where the first non-blank line begins and ends, without copying the rest."""
    start = _skip(data, 0)
    end = data.find(b"\n", start)
    return start, end if end >= 0 else len(data)


def json_record(data: bytes) -> Iterator[Item] | None:
    """Return the only item of a file that is one record on several lines; None for any other file."""
    start, end = _first_line(data)
    if data[start:end].strip() not in (b"{", b"["):
        return None
    try:
        record = strict_json.record(data.decode(), most=strict_json.MAX_DOCUMENT_CHARS)
    except ValueError:
        return None
    return iter([(1, data.strip(), record, None)])


def json_list(data: bytes) -> Iterator[Item]:
    """Yield the items of one list, each with its own bytes; raises FileError if the list breaks off.

    After a syntax error the next item, unlike a line, cannot be found, so the file is refused.
    """
    faults: list[str] = []
    window = _Window(data, data.index(b"[") + 1, strict_json.decoder(faults.append).raw_decode)
    number = 0
    while True:
        number += 1
        try:
            raw, value = window.item(faults)
        except RecursionError:
            raise _broken(data, window.at, number, "nested too deeply") from None
        except ValueError as error:
            at = window.at + window.bytes_before(getattr(error, "pos", 0))
            raise _broken(data, at, number, getattr(error, "msg", error)) from error
        yield number, raw, value, _fault(raw, faults)
        faults.clear()
        sign = window.sign()
        if sign == b"]":
            break
        if sign != b",":
            raise _broken(data, window.at, number, "neither a comma nor the end of the list follows")
    if _skip(data, window.at) != len(data):
        raise _broken(data, window.at, number, "something follows the end of the list")


class _Window:
    """A piece of the data as text: the whole may take four times the memory.

    Bytes that are not UTF-8 are a fault of their item alone. At most one record of the allowed length is
    parsed at once.
    """

    def __init__(self, data: bytes, at: int, decode: Decode) -> None:
        self.at = at
        """Where the next item starts in the data."""
        self._data = data
        self._decode = decode
        self._text = ""
        self._place = 0
        """The same in the text."""
        self._is_rest = False

    def item(self, faults: list[str]) -> tuple[bytes, Any]:
        """Parse the item that starts here; raises ValueError, its `pos` counted from there."""
        self._skip_space()
        size_bytes = _WINDOW_BYTES
        while True:
            try:
                value, end = self._decode(self._text, self._place)
                if end < len(self._text) or self._is_rest:
                    raw = self._text[self._place : end].encode("utf-8", "surrogateescape")
                    self.at, self._place = self.at + len(raw), end
                    return raw, value
            except ValueError as error:
                if self._is_rest:
                    if isinstance(error, json.JSONDecodeError):
                        error.pos -= self._place
                    raise
            faults.clear()
            if self._place == 0 and len(self._text) >= strict_json.MAX_RECORD_CHARS:
                _whole(self._decode, self._text)
            self._take(size_bytes)
            size_bytes *= 8

    def sign(self) -> bytes:
        """Return the character after the item, and move past it."""
        self._skip_space()
        sign = self._data[self.at : self.at + 1]
        self.at, self._place = self.at + 1, self._place + 1
        return sign

    def bytes_before(self, chars: int) -> int:
        """Return how many bytes the next characters take."""
        piece = self._text[self._place : self._place + chars]
        return len(piece.encode("utf-8", "surrogateescape"))

    def _take(self, size_bytes: int) -> None:
        end = self.at + min(size_bytes, 4 * strict_json.MAX_RECORD_CHARS)
        piece = self._data[self.at : end].decode("utf-8", "surrogateescape")
        self._text, self._place = piece[: strict_json.MAX_RECORD_CHARS], 0
        self._is_rest = end >= len(self._data) and len(piece) == len(self._text)

    def _skip_space(self) -> None:
        at = _skip(self._data, self.at)
        self.at, self._place = at, self._place + at - self.at


def _whole(decode: Decode, piece: str) -> NoReturn:
    """Raise ValueError with what is wrong with an item whose end was not found."""
    try:
        decode(piece, 0)
    except json.JSONDecodeError as error:
        if error.pos < len(piece) - 1 and not error.msg.startswith("Unterminated"):
            raise
    raise ValueError(f"more than {strict_json.MAX_RECORD_CHARS:,} characters in one record")


def _skip(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return found.end() if found else at


def _fault(raw: bytes, faults: list[str]) -> Fault | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Fault("encoding", f"byte {error.start} of the item is not UTF-8")
    return Fault("json", faults[0]) if faults else None


def _broken(data: bytes, at: int, number: int, what: object) -> FileError:
    line = data.count(b"\n", 0, at) + 1
    return FileError("json", f"item {number} of the list, line {line}: {what}; export the whole list again")
