"""Files of other kinds, recognised by their first bytes: archives, tables, other encodings."""

from techner.core.errors import FileError

_TAR_AT = 257
_PICKLE = "a pickle, which is never opened; export the annotation as JSONL"
_FOREIGN = {
    b"\x1f\x8b": "gzip inside gzip; pack it once",
    b"PK\x03\x04": "a zip archive; deliver the file inside",
    b"PK\x05\x06": "an empty zip archive; deliver the file itself",
    b"\xff\xfe\0\0": "UTF-32; export as UTF-8",
    b"\0\0\xfe\xff": "UTF-32; export as UTF-8",
    b"\xff\xfe": "UTF-16; export as UTF-8",
    b"\xfe\xff": "UTF-16; export as UTF-8",
    b"PAR1\x15": "Parquet; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"ARROW1\0\0": "Arrow; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"\xff\xff\xff\xff": "Arrow; deliver its rows as JSONL, as `Dataset.to_json` writes them",
    b"\xd0\xcf\x11\xe0": "an old Office file; export the annotation as JSONL or CoNLL",
    b"SQLite format 3": "an SQLite database; export the annotation from its tool",
    b"%PDF-": "a PDF; export the annotation from its tool",
    b"BZh91AY&SY": "bzip2; pack it with gzip or not at all",
    b"\xfd7zXZ": "xz; pack it with gzip or not at all",
    b"\x28\xb5\x2f\xfd": "zstd; pack it with gzip or not at all",
    b"7z\xbc\xaf": "a 7z archive; deliver the file inside",
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
}

_NO_MARK = "the file is UTF-16 or UTF-32 without a byte order mark; export as UTF-8"
_HEAD_BYTES = 1 << 16
_PLAIN_BYTES = 16
"""A file that begins with this many ASCII bytes is not UTF-16, though one line may be full of zeros."""
_LEAST_ZEROS = 50
"""In UTF-16 at least one byte in this many is zero: white space and marks have one in every script."""


_OFFICE = (
    (b"xl/", "an Excel workbook; save the sheet as CSV in UTF-8"),
    (b"word/", "a Word document; export the annotation from its tool"),
    (b"application/vnd.oasis.opendocument.", "an OpenDocument file; save the sheet as CSV in UTF-8"),
)
"""What is in the names of the files of a zip archive that one program writes."""


def refuse_foreign(data: bytes) -> None:
    """Raise FileError for a file of another kind, and say what to deliver instead."""
    if data.startswith(b"PK\x03\x04"):
        for name, what in _OFFICE:
            if name in data[:_HEAD_BYTES] or name in data[-_HEAD_BYTES:]:  # the list of files is at the end
                raise FileError("encoding", f"the file is {what}")
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise FileError("encoding", f"the file is {what}")
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise FileError("encoding", "the file is a tar archive; deliver the files inside")
    if b"\0" in data[:4]:
        raise FileError("encoding", _NO_MARK)


def refuse_utf16(data: bytes) -> None:
    """Raise FileError for UTF-16 or UTF-32 whose first bytes have no zero, such as Chinese or Greek."""
    head = data[:_HEAD_BYTES]
    begins_plainly = (
        len(head) > _PLAIN_BYTES and head[:_PLAIN_BYTES].isascii() and b"\0" not in head[:_PLAIN_BYTES]
    )
    if head.count(b"\0") * _LEAST_ZEROS > len(head) and not begins_plainly and not _is_utf8(head):
        raise FileError("encoding", _NO_MARK)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # cut off in a character
    return b"\n\0" not in head and b"\0\n" not in head


def with_line_ends(data: bytes) -> bytes:
    """Return a text whose lines end with CR alone, as on old Macs, with LF: no format has a CR in a line."""
    body = data.rstrip()
    return data.replace(b"\r", b"\n") if b"\r" in body and b"\n" not in body else data
