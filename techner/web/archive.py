"""A version as one .tar.gz, made while it is sent: memory stays flat however large the model is."""

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.responses import StreamingResponse

from techner.core.errors import TechnerError
from techner.core.manifest import FileEntry
from techner.registry.layout import checkout
from techner.store import Store

_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # vectors and weights hardly shrink; a higher level costs minutes and saves a percent


def archive(store: Store, files: Iterable[FileEntry], *, name: str) -> Iterator[bytes]:
    """Return the chunks of an archive whose one folder is `name`.

    Every blob is fetched and verified before this returns, so a damaged one raises IntegrityError while there
    is still time to answer with an error.
    """
    files = tuple(files)
    scratch = TemporaryDirectory(prefix="techner-download-", ignore_cleanup_errors=True)
    try:
        folder = checkout(store, files, into=Path(scratch.name) / name, cache=Path(scratch.name) / "cache")
    except TechnerError:
        scratch.cleanup()
        raise
    return _sent(folder, files, scratch)


def archive_answer(store: Store, version: str, files: Iterable[FileEntry]) -> StreamingResponse:
    """Answer with the archive of a version; its one folder and its name say which version it is."""
    name = f"techner-{version}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.tar.gz"'}
    return StreamingResponse(archive(store, files, name=name), media_type="application/gzip", headers=headers)


def _sent(folder: Path, files: tuple[FileEntry, ...], scratch: "TemporaryDirectory[str]") -> Iterator[bytes]:
    with scratch:  # also when the client hangs up: closing the generator ends the block
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        for part in _tar(folder, files):
            if packed := packer.compress(part):
                yield packed
        yield packer.flush()


def _tar(folder: Path, files: tuple[FileEntry, ...]) -> Iterator[bytes]:
    """Yield a tar file of `folder`; the same files give the same bytes."""
    for entry in files:
        header = tarfile.TarInfo(f"{folder.name}/{entry.path}")
        header.size = entry.size_bytes
        yield header.tobuf(tarfile.PAX_FORMAT)
        with (folder / entry.path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield bytes(-header.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
