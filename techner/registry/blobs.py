"""Files by content: every file of every version is stored once, under its SHA-256."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from techner.core.errors import IntegrityError, ObjectExists, ObjectMissing
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.store import Store


def blob_key(sha256: str) -> str:
    return f"blobs/sha256/{sha256}"


def save_bytes(store: Store, data: bytes, *, path: str) -> FileEntry:
    """Store `data` as a blob, to be known as `path`."""
    entry = FileEntry(path=path, sha256=digest(data), size_bytes=len(data))
    with suppress(ObjectExists):  # the same bytes: nothing to do
        store.create(blob_key(entry.sha256), data)
    return entry


def load_bytes(store: Store, entry: FileEntry) -> bytes:
    """Return the blob; raises IntegrityError where its bytes are missing or not what the digest says."""
    try:
        data = store.get(blob_key(entry.sha256))
    except ObjectMissing as error:
        raise IntegrityError(f"{entry.path}: blob {entry.sha256} is missing from {store.url}") from error
    if digest(data) != entry.sha256:
        raise IntegrityError(f"{entry.path}: blob {entry.sha256} in {store.url} was altered")
    return data


def save_folder(store: Store, folder: Path) -> tuple[FileEntry, ...]:
    """Store every file below `folder`; only blobs that are not there yet are sent."""
    entries = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        entry = FileEntry(
            path=path.relative_to(folder).as_posix(),
            sha256=file_digest(path),
            size_bytes=path.stat().st_size,
        )
        if not any(store.list(blob_key(entry.sha256), limit=1)):
            with suppress(ObjectExists):
                store.upload(blob_key(entry.sha256), path)
        entries.append(entry)
    return tuple(entries)


def checkout(store: Store, files: Iterable[FileEntry], *, into: Path, cache: Path) -> Path:
    """Lay `files` out as a new folder `into`, each verified; blobs that `cache` holds are not fetched again.

    The folder appears at once and whole, or not at all. Raises IntegrityError for a damaged blob, and where
    other files are there already.
    """
    files = tuple(files)
    into.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        scratch.chmod(0o755)
        for entry in files:
            target = scratch / safe_path(entry.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cached_blob(store, entry, cache=cache), target)
        try:
            scratch.rename(into)
        except OSError:
            if not into.is_dir():
                raise
            if not is_intact(into, files):  # another process was faster, and with other files
                raise IntegrityError(
                    f"{into} holds other files than asked for; remove it and try again"
                ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return into


def is_intact(folder: Path, files: Iterable[FileEntry]) -> bool:
    """Tell whether `folder` holds exactly these files, byte for byte."""
    wanted = {entry.path: entry.sha256 for entry in files}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    return present == wanted.keys() and all(file_digest(folder / path) == wanted[path] for path in present)


def cached_blob(store: Store, entry: FileEntry, *, cache: Path) -> Path:
    """Return a verified local copy of a blob, fetched where it is missing or damaged."""
    target = cache / "blobs" / entry.sha256
    if target.is_file() and file_digest(target) == entry.sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".partial-", dir=target.parent)
    os.close(handle)
    try:
        try:
            store.download(blob_key(entry.sha256), Path(name))
        except ObjectMissing as error:
            raise IntegrityError(f"{entry.path}: blob {entry.sha256} is missing from {store.url}") from error
        if file_digest(Path(name)) != entry.sha256:
            raise IntegrityError(f"{entry.path}: blob {entry.sha256} in {store.url} was altered")
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe_path(path: str) -> PurePosixPath:
    """Return the relative path of a model's file; raises IntegrityError where it would leave the folder."""
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or "\\" in path or not relative.parts:
        raise IntegrityError(f"the manifest names a file outside the model: {path!r}")
    return relative
