"""spaCy's DocBin, the `.spacy` files of `spacy convert` and `spacy train`.

Only the needed columns are read. `DocBin.from_bytes` unpacks without a bound and drops tokens that its
lengths leave out; making a `Doc` of foreign data runs much more of spaCy.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from techner.core.errors import FileError
from techner.formats.compressed import unpack
from techner.formats.rows import Fault, Row, ShapeError

if TYPE_CHECKING:
    from spacy.strings import StringStore

NAME = "DocBin"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
MAX_PARTS = 5_000_000
"""Items of all its lists and maps; each document adds about three, each distinct word one."""
MAX_DOC_CHARS = 1_000_000
"""Of text and labels: each token is a number, and the string it refers to may be long."""
MAX_CHARS_OF_BYTE = 2
"""Texts may be this much longer than the file; a token takes 24 bytes or more."""
_SPAN = struct.Struct(">QQQiiii")
"""How a span group stores a span; its start and end in characters come last."""
_MISSING, _INSIDE, _OUTSIDE, _BEGIN = range(4)
"""Token.ent_iob."""
_FAULTS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What foreign bytes raise in msgpack, numpy and the string store."""


def is_docbin(data: bytes) -> bool:
    """Say whether it is zlib data; of all formats only DocBin is."""
    if not data.startswith(_ZLIB):
        return False
    try:
        zlib.decompressobj().decompress(data[:1024])
    except zlib.error:  # `x^2` is a token too
        return False
    return True


def read_docbin(data: bytes) -> Iterator[Row]:
    """Yield one row per Doc; raises FileError for anything but a DocBin."""
    from spacy.strings import StringStore

    unpacked = unpack(data, what="DocBin")
    try:
        docs, names, groups = _docs(unpacked)
        strings = StringStore(names)
    except _FAULTS as error:
        problem = f"not a DocBin of spaCy 3 ({type(error).__name__}: {error})"
        raise FileError("encoding", f"the file is zlib data but {problem}: export it again") from error
    left = MAX_CHARS_OF_BYTE * len(unpacked) + MAX_DOC_CHARS
    for number, doc in enumerate(docs, 1):
        try:
            parts, chars = _parts(doc, strings)
            left -= chars
            if left < 0:
                raise FileError(
                    "large", "the texts of the DocBin are far longer than the file: deliver smaller files"
                )
            if number <= len(groups):
                _refuse_others(groups[number - 1], parts["entities"] or ())
        except _FAULTS as error:
            raw = json.dumps({"doc": number}).encode()
            yield Row(number=number, raw=raw, fault=Fault("shape", f"document {number}: {error}"))
        else:
            yield Row(number=number, raw=json.dumps(parts).encode(), **parts)


def _counting() -> dict[str, Any]:
    """Return hooks that stop msgpack before lists and maps fill the memory."""
    left = MAX_PARTS

    def count(parts: Any) -> Any:
        nonlocal left
        left -= len(parts) + 1
        if left < 0:
            raise ShapeError(f"more than {MAX_PARTS:,} parts: deliver smaller files")
        return parts

    return {"list_hook": count, "object_hook": count}


def _refuse_others(groups: bytes, entities: Sequence[Sequence[Any]]) -> None:
    """Raise ShapeError if a document's span groups hold more than its entities."""
    if len(groups) <= 1:  # nearly always none
        return
    import srsly

    bounds = {"raw": False, "strict_map_key": False} | _counting()
    known = {(start, end) for start, end, _ in entities}
    for group in srsly.msgpack.loads(groups, **bounds):
        for span in srsly.msgpack.loads(group, **bounds)["spans"]:
            *_, start, end = _SPAN.unpack(span)
            if (start, end) not in known:
                raise ShapeError(
                    f"a span group (`doc.spans`) has {start}-{end}, `doc.ents` does not: make both the same"
                )


def _docs(unpacked: bytes) -> tuple[Iterator[list[list[int]]], list[str], list[bytes]]:
    """Return documents, strings and span groups; a token is [word, inside or outside, label, space after]."""
    import numpy as np
    import srsly
    from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH

    # `srsly.msgpack_loads` would leave garbage collection switched off when it fails.
    message: Mapping[str, Any] = srsly.msgpack.loads(
        unpacked, raw=False, max_array_len=MAX_PARTS, max_map_len=MAX_PARTS, **_counting()
    )
    attrs = message["attrs"]
    columns = [attrs.index(attr) for attr in (ORTH, ENT_IOB, ENT_TYPE)]
    tokens = np.frombuffer(message["tokens"], dtype="uint64").reshape(-1, len(attrs))
    spaces = np.frombuffer(message["spaces"], dtype="uint8")
    lengths = np.frombuffer(message["lengths"], dtype="int32").tolist()
    if not lengths:
        raise FileError("empty", "the DocBin has no documents")
    unknown = [bool(flag.get("has_unknown_spaces")) for flag in message.get("flags") or [{}] * len(lengths)]
    sizes_fit = sum(lengths) == len(tokens) == len(spaces) and len(unknown) == len(lengths)
    if min(lengths, default=0) < 0 or not sizes_fit:
        raise ShapeError("its lengths do not add up")

    def docs() -> Iterator[list[list[int]]]:
        start = 0
        for length, none_known in zip(lengths, unknown, strict=True):
            end = start + length
            if length > MAX_DOC_CHARS:
                raise FileError("large", f"a document of {length:,} tokens: deliver smaller ones")
            after = [place < end for place in range(start + 1, end + 1)] if none_known else spaces[start:end]
            words = tokens[start:end, columns].tolist()
            yield [[*word, int(space)] for word, space in zip(words, after, strict=True)]
            start = end

    return docs(), list(message["strings"]), list(message.get("span_groups") or ())


def _parts(doc: list[list[int]], strings: "StringStore") -> tuple[dict[str, Any], int]:
    """Return text and entities of one document, and the number of characters of both.

    The entities are None if the document was not annotated.
    """
    said = {token[1] for token in doc}
    if said - {_MISSING, _INSIDE, _OUTSIDE, _BEGIN}:
        raise ShapeError("a token is neither in an entity nor outside")
    if _MISSING in said and len(said) > 1:
        raise ShapeError("some of its tokens are not annotated")
    pieces: list[str] = []
    length = chars = 0
    entities: list[list[Any]] = []
    inside: list[Any] | None = None
    for word, iob, kind, space in doc:
        start, label = length, strings[kind]
        pieces.append(strings[word])
        length += len(pieces[-1])
        chars += len(pieces[-1]) + len(label) + 1
        if chars > MAX_DOC_CHARS:
            raise ShapeError(f"more than {MAX_DOC_CHARS:,} characters")
        if iob == _OUTSIDE:
            inside = None
        elif iob == _INSIDE and inside and inside[2] == label:
            inside[1] = length
        elif iob != _MISSING:
            inside = [start, length, label]
            entities.append(inside)
        if space:
            pieces.append(" ")
            length += 1
    return {"text": "".join(pieces), "entities": None if _MISSING in said else entities}, chars
