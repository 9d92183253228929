"""A store in a folder of a local disk: durable by fsync, create-only by `os.link`."""

import errno
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from techner.core.errors import ObjectExists, ObjectMissing, StoreError
from techner.store.base import CHUNK_BYTES, FOREIGN, RESERVED, Stored, check_key
from techner.store.folder_files import (
    foreign,
    in_the_way,
    make_folders,
    opened,
    remedied,
    stored,
    sync_folder,
)

_SCRATCH = RESERVED  # on the same file system as the objects, hidden from `list`
_LEFT_S = 24 * 3600.0
"""A scratch file not written to for this long was left by a killed writer."""


class FolderStore:
    """One file per object, below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._is_swept = False

    @property
    def url(self) -> str:
        return self.root.as_uri()

    @property
    def identity(self) -> str:
        return self.url

    def get(self, key: str) -> bytes:
        with self._reading(key) as path, opened(path) as file:
            return file.read()

    def create(self, key: str, data: bytes) -> None:
        self._write(key, lambda file: file.write(data), exclusive=True)

    def put(self, key: str, data: bytes) -> None:
        self._write(key, lambda file: file.write(data), exclusive=False)

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink(missing_ok=True)
        except (NotADirectoryError, IsADirectoryError):
            return
        except OSError as error:
            raise StoreError(f"cannot remove {key!r} below {self.root}: {remedied(error)}") from error

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        if ".." in prefix.split("/") or prefix.startswith("/") or "\0" in prefix:
            return  # no key starts so
        with self._refusals(prefix):
            for key in self._keys(prefix)[:limit]:
                with suppress(FileNotFoundError):  # deleted since the walk
                    path = f"{self.root}/{key}"
                    yield foreign(path, key) if key.startswith(FOREIGN) else stored(path, key)

    def upload(self, key: str, path: Path) -> None:
        with path.open("rb") as source:
            self._write(key, lambda file: shutil.copyfileobj(source, file), exclusive=True)

    def download(self, key: str, path: Path) -> None:
        chunks = self.chunks(key)
        first = next(chunks, b"")  # before the file is made: a missing object leaves none
        with path.open("wb") as file:
            file.write(first)
            file.writelines(chunks)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        with self._reading(key) as path, opened(path) as file:
            file.seek(start)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def presigned(self, key: str, *, seconds: int) -> str | None:
        del key, seconds
        return None

    def time(self) -> datetime | None:
        return None

    @contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        with self._refusals(key):
            try:
                yield self._path(key)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._refuse_file_as_root()
                raise ObjectMissing(key) from None

    def _refuse_file_as_root(self) -> None:
        """Raise NotADirectoryError if a file stands where the store's folder belongs: it is not empty."""
        if problem := in_the_way(self.root):
            raise NotADirectoryError(errno.ENOTDIR, problem)

    @contextmanager
    def _refusals(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"cannot read {what!r} below {self.root}: {remedied(error)}") from error

    def _keys(self, prefix: str) -> Sequence[str]:
        """Return the keys that start with `prefix`, in order; raises OSError if a folder cannot be read."""
        # Walking below the last whole folder of the prefix keeps the cost to what is asked for.
        keys = []
        closed: list[str] = []

        def on_error(error: OSError) -> None:
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                self._refuse_file_as_root()
                return
            # Objects in a folder that cannot be read are not missing, and must not be reported so.
            folder = Path(error.filename).relative_to(self.root).as_posix() + "/"
            # The inbox folder itself is ours: without it, what is due is unknown.
            if not folder.startswith(FOREIGN) or folder == FOREIGN:
                raise error
            closed.append(folder)

        below = len(os.path.join(self.root, ""))  # noqa: PTH118 - as in `list`, thousands of times a listing
        for folder, names, files in os.walk(self.root / prefix.rpartition("/")[0], onerror=on_error):
            here = folder[below:]
            if not here and _SCRATCH in names:
                names.remove(_SCRATCH)
            start = f"{here}/" if here else ""
            links = [name for name in names if start.startswith(FOREIGN) and Path(folder, name).is_symlink()]
            keys += [start + name for name in (*files, *links)]
        keys += closed
        return sorted((key for key in keys if key.startswith(prefix)), key=os.fsencode)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _write(self, key: str, fill: Callable[[BinaryIO], object], *, exclusive: bool) -> None:
        target = self._path(key)
        scratch = self.root / _SCRATCH / uuid.uuid4().hex
        try:
            make_folders(scratch.parent, target.parent)
            self._sweep()
            with scratch.open("xb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            if exclusive:
                os.link(scratch, target)
            else:
                scratch.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            if isinstance(error, FileExistsError) and target.is_file():
                raise ObjectExists(key) from None
            raise StoreError(f"cannot write {key!r} below {self.root}: {remedied(error)}") from error
        finally:
            with suppress(FileNotFoundError, NotADirectoryError):  # the latter: a file stands in the way
                scratch.unlink()

    def _sweep(self) -> None:
        """Remove what killed writers left, once per process."""
        if self._is_swept:
            return
        self._is_swept = True
        for left in (self.root / _SCRATCH).iterdir():
            with suppress(OSError):
                if time.time() - left.lstat().st_mtime > _LEFT_S:
                    left.unlink()
