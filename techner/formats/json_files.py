"""The two kinds of JSON files, a record a line and one list of records; other readers know the records."""

import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, NoReturn

from techner.core.errors import BatchError
from techner.formats import strict_json
from techner.formats.rows import Fault, Item

_FIRST_CHARS = 1 << 14
"""Nearly every item ends within so many; larger pieces are only cut where one does not."""
_SPACE = re.compile(r"[ \t\r\n]*")
_LIST = re.compile(rb"\s*\[\s*(?P<inside>[\[{])")


def json_lines(data: bytes) -> Iterator[Item]:
    """Yield an item for every line that is not blank.

    Lines end at LF alone: U+2028 and its like are legal inside JSON strings. A CR before it is framing.
    """
    for number, line in enumerate(BytesIO(data), 1):
        if line.isspace():
            continue
        raw = line.removesuffix(b"\n").removesuffix(b"\r")
        try:
            yield number, raw, strict_json.record(raw.decode()), None
        except UnicodeDecodeError as error:
            yield number, raw, None, ("encoding", f"byte {error.start} is not UTF-8")
        except ValueError as error:
            yield number, raw, None, ("json", str(error))


def is_json_list(data: bytes) -> bool:
    """Say whether the file is one list of records, not lines the first of which is a list.

    A list that begins with a string is a classic line: `["text", {"entities": …}]`.
    """
    if not _LIST.match(data):
        return False
    first, _, rest = data.lstrip().partition(b"\n")
    if not rest or rest.isspace():
        return True
    try:
        strict_json.record(first.decode())
    except ValueError:
        return True
    return False


def json_record(data: bytes) -> Iterator[Item] | None:
    """Return the only item of a file that is one record over several lines; None for any other file."""
    if data.lstrip().partition(b"\n")[0].strip() not in (b"{", b"["):
        return None
    try:
        record = strict_json.record(data.decode())
    except ValueError:
        return None
    return iter([(1, data.strip(), record, None)])


def json_list(data: bytes) -> Iterator[Item]:
    """Yield the items of one list, each with its own bytes; raises BatchError where the list breaks off.

    Unlike a line, an item after a syntax error cannot be found again, so the file is refused.
    """
    text = data.decode("utf-8", "surrogateescape")  # what is no UTF-8 is a fault of its item alone
    faults: list[str] = []
    decode = strict_json.decoder(faults.append).raw_decode
    at = _skip(text, text.index("[") + 1)
    number = 0
    while True:
        number += 1
        try:
            value, end = _decoded(decode, text, at, faults)
        except RecursionError:
            raise _broken(text, at, number, "nested too deeply") from None
        except ValueError as error:
            raise _broken(
                text, at + getattr(error, "pos", 0), number, getattr(error, "msg", error)
            ) from error
        raw = text[at:end].encode("utf-8", "surrogateescape")
        yield number, raw, value, _fault(raw, faults)
        faults.clear()
        at = _skip(text, end)
        if text.startswith("]", at):
            break
        if not text.startswith(",", at):
            raise _broken(text, at, number, "no comma and no end of the list after it")
        at = _skip(text, at + 1)
    if _skip(text, at + 1) != len(text):
        raise _broken(text, at + 1, number, "something follows the end of the list")


def _decoded(
    decode: Callable[[str, int], tuple[Any, int]], text: str, at: int, faults: list[str]
) -> tuple[Any, int]:
    """Parse the item that starts here, and no more than one record may have; returns where it ends.

    Raises ValueError, its `pos` counted from the start of the item.
    """
    chars = _FIRST_CHARS
    while True:
        piece = text[at : at + chars]
        is_rest = at + len(piece) == len(text)
        try:
            value, end = decode(piece, 0)
            if end < len(piece) or is_rest:
                return value, at + end
        except ValueError:
            if is_rest:
                raise
        if chars >= strict_json.MAX_RECORD_CHARS:
            return _whole(decode, piece)
        faults.clear()
        chars *= 8


def _whole(decode: Callable[[str, int], tuple[Any, int]], piece: str) -> NoReturn:
    """Say what is wrong with an item that ends in no piece of it."""
    try:
        decode(piece, 0)
    except json.JSONDecodeError as error:
        if error.pos < len(piece) - 1 and not error.msg.startswith("Unterminated"):
            raise
    raise ValueError(f"more than {strict_json.MAX_RECORD_CHARS:,} characters in one record")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _fault(raw: bytes, faults: list[str]) -> Fault | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return "encoding", f"byte {error.start} of the item is not UTF-8"
    return ("json", faults[0]) if faults else None


def _broken(text: str, at: int, number: int, what: object) -> BatchError:
    line = text.count("\n", 0, at) + 1
    return BatchError(f"json: item {number} of the list, line {line}: {what}; export the whole list again")
