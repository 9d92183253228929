"""Compressed deliveries, unpacked within bounds: a small file must not fill the memory."""

import zlib
from io import BytesIO

from techner.core.errors import FileError

MAX_UNPACKED_BYTES = 128 << 20
MAX_RATIO = 200
"""Annotations compress 5 to 20 times, the most repetitive ones about 100; deflate can do 1 000."""
RATIO_COUNTS_FROM_BYTES = 16 << 20
_SLICE_BYTES = 1 << 16
"""What is unpacked at once: so little that the result, 66 MiB at worst, needs no bound of its own."""
_GZIP_OR_ZLIB = 47


def unpack(data: bytes, *, what: str) -> bytes:
    """Unpack gzip or zlib `data`; raises FileError if it is damaged or unpacks to too much."""
    allowed = min(MAX_UNPACKED_BYTES, max(RATIO_COUNTS_FROM_BYTES, MAX_RATIO * len(data)))
    unpacked = BytesIO()
    unpacker = None
    for at in range(0, len(data), _SLICE_BYTES):
        rest = data[at : at + _SLICE_BYTES]
        while rest:
            if unpacker is None:
                rest = rest.lstrip(b"\0")  # padding between joined files
                unpacker = zlib.decompressobj(_GZIP_OR_ZLIB) if rest else None
                continue
            try:
                unpacked.write(unpacker.decompress(rest))
            except zlib.error as error:
                raise FileError("encoding", f"the {what} is damaged ({error}): deliver it again") from error
            if unpacked.tell() > allowed:
                limit = f"more than {allowed >> 20} MiB"
                raise FileError("encoding", f"the {what} unpacks to {limit}: deliver smaller files")
            rest = unpacker.unused_data
            unpacker = None if unpacker.eof else unpacker
    if unpacker is not None:
        raise FileError("encoding", f"the {what} breaks off: deliver it again")
    return unpacked.getvalue()
