"""A version as one .tar.gz, streamed from verified blobs: nothing is copied, and memory stays constant."""

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from techner.core.errors import IntegrityError
from techner.core.manifest import FileEntry

_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # vectors and weights hardly shrink; a higher level costs minutes and saves a percent


def archive_name(version: str) -> str:
    """Return the name of the archive of a version, without its ending, and of the one folder in it."""
    return f"techner-{version}"


def packed(
    files: Iterable[FileEntry], *, blobs: Path, root: str, fetch: Callable[[FileEntry], object]
) -> Iterator[bytes]:
    """Yield a .tar.gz whose one folder is `root`; the same files give the same bytes.

    `blobs` holds each file under its SHA-256; one that was evicted meanwhile is fetched again. Raises
    IntegrityError if one does not match, always before the end of the archive, so that what was sent by then
    does not unpack.
    """
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for part in _tar(files, blobs, root, fetch):
        if chunk := packer.compress(part):
            yield chunk
    yield packer.flush()


def _tar(
    files: Iterable[FileEntry], blobs: Path, root: str, fetch: Callable[[FileEntry], object]
) -> Iterator[bytes]:
    for entry in files:
        header = tarfile.TarInfo(f"{root}/{entry.path}")
        header.size = entry.size_bytes
        yield header.tobuf(tarfile.PAX_FORMAT)
        if not (blobs / entry.sha256).exists():
            fetch(entry)
        yield from _verified(entry, blobs)
        yield bytes(-header.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _verified(entry: FileEntry, blobs: Path) -> Iterator[bytes]:
    hashed, size = hashlib.sha256(), 0
    try:
        with (blobs / entry.sha256).open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
                if size > entry.size_bytes:
                    break
                yield chunk
    except FileNotFoundError:  # the cache was emptied meanwhile
        size = -1
    if size != entry.size_bytes or hashed.hexdigest() != entry.sha256:
        raise IntegrityError(f"{entry.path} changed in the cache while it was packed; ask again")
