"""Blobs into a local cache: several at once, resumed, verified; safe with many processes on one cache.

In the cache, `blobs/<sha256>` is a verified file, and `blobs/<sha256>.partial` one that is under way. Whoever
fetches a blob holds the lock of its partial file, which dies with its process.
"""

import fcntl
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path

from techner.core.errors import CacheError, IntegrityError, ObjectMissing, StoreError
from techner.core.manifest import FileEntry
from techner.registry.blobs import blob_key, file_digest
from techner.store import Store
from techner.store.base import check_key

WORKERS = 8
READ_ONLY = 0o444
"""Blobs are linked into the folders of several versions: nobody may write through one of them."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_files(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """Return the entries where each is a file of its own below the model; else raise IntegrityError."""
    files = tuple(files)
    paths = {entry.path for entry in files}
    for entry in files:
        try:
            check_key(entry.path)
        except StoreError as error:
            raise IntegrityError(f"the manifest names a file outside the model: {entry.path!r}") from error
        if not _SHA256.fullmatch(entry.sha256) or entry.size_bytes < 0:
            raise IntegrityError(f"the manifest does not say what is in {entry.path!r}")
    for entry in files:
        if paths & {str(parent) for parent in Path(entry.path).parents}:
            raise IntegrityError(f"the manifest names {entry.path!r} below a file")
    if len(paths) != len(files):
        raise IntegrityError("the manifest names a file twice")
    return files


def fetch(store: Store, files: Iterable[FileEntry], *, cache: Path) -> None:
    """Bring every blob that is missing or damaged into the cache.

    Raises IntegrityError for a blob that is missing from the store or altered there, CacheError where the
    disk is too small or refuses, StoreError where the store does not answer; what came until then is kept.
    """
    wanted = {entry.sha256: entry for entry in check_files(files)}
    with cache_errors(cache), ThreadPoolExecutor(WORKERS) as workers:
        folder = plain_folder(cache / "blobs")
        present = workers.map(lambda entry: is_file_of(folder / entry.sha256, entry), wanted.values())
        # The largest first: it takes longest.
        missing = sorted(
            (entry for entry, there in zip(wanted.values(), present, strict=True) if not there),
            key=lambda entry: -entry.size_bytes,
        )
        _require_space(missing, folder)
        running = [workers.submit(_fetch_one, store, entry, folder / entry.sha256) for entry in missing]
        try:
            for one in running:
                one.result()
        finally:
            workers.shutdown(cancel_futures=True)


def is_file_of(path: Path, entry: FileEntry) -> bool:
    """Tell whether `path` is a plain file, no link, with exactly these bytes."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    whole = stat.S_ISREG(found.st_mode) and found.st_size == entry.size_bytes
    return whole and file_digest(path) == entry.sha256


def plain_folder(folder: Path) -> Path:
    """Make a folder of the cache; raises CacheError where it leads elsewhere."""
    if folder.is_symlink():
        raise CacheError(str(folder.parent), f"{folder.name} is a symbolic link out of it")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def cache_errors(cache: Path) -> Iterator[None]:
    """Say of an error of the local disk which cache it concerns."""
    try:
        yield
    except OSError as error:
        raise CacheError(str(cache), error.strerror or str(error)) from error


def _require_space(missing: list[FileEntry], folder: Path) -> None:
    needed = sum(entry.size_bytes - _size_bytes(_partial(folder / entry.sha256)) for entry in missing)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CacheError(
            str(folder.parent),
            f"{needed / 1e6:.1f} MB to fetch, but only {free / 1e6:.1f} MB of disk are free",
        )


def _size_bytes(path: Path) -> int:
    with suppress(FileNotFoundError):  # another process may finish it at any moment
        return path.lstat().st_size
    return 0


def _fetch_one(store: Store, entry: FileEntry, target: Path) -> None:
    partial = _partial(target)
    with _locked(partial) as file:
        if is_file_of(target, entry):  # another process was faster
            partial.unlink()
            return
        resumed = file.seek(0, os.SEEK_END) > 0
        try:
            found = _receive(store, entry, file)
            if found != entry.sha256 and resumed:  # what lay here may have been damaged: begin anew
                file.truncate(0)
                found = _receive(store, entry, file)
        except ObjectMissing as error:
            partial.unlink()
            raise IntegrityError(f"{entry.path}: blob {entry.sha256} is missing from {store.url}") from error
        if found != entry.sha256:
            partial.unlink()
            raise IntegrityError(f"{entry.path}: blob {entry.sha256} in {store.url} was altered")
        file.flush()
        os.fchmod(file.fileno(), READ_ONLY)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        partial.rename(target)


def _receive(store: Store, entry: FileEntry, file: BufferedRandom) -> str:
    """Append what is missing and return the SHA-256 of the whole; goes on after a broken connection.

    It gives up where a connection broke that brought nothing.
    """
    file.seek(0)
    hashed = hashlib.file_digest(file, "sha256")
    received = file.tell()
    # One chunk is hashed while the next one arrives: hashing is as slow as a fast network.
    with ThreadPoolExecutor(1) as hasher:
        last = hasher.submit(hashed.update, b"")
        while received < entry.size_bytes:
            before = received
            try:
                for chunk in store.chunks(blob_key(entry.sha256), start=received):
                    last.result()
                    last = hasher.submit(hashed.update, chunk)
                    file.write(chunk)
                    received += len(chunk)
                    if received > entry.size_bytes:  # no altered blob may fill the disk
                        return "longer"
                if received < entry.size_bytes:
                    return "shorter"
            except StoreError as error:
                if received == before or isinstance(error, ObjectMissing):
                    raise
    return hashed.hexdigest()


@contextmanager
def _locked(partial: Path) -> Iterator[BufferedRandom]:
    """Open the partial file, alone: whoever else wants this blob waits here until we are through."""
    while True:
        if partial.is_symlink():
            partial.unlink()
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Meanwhile it may have become the blob itself: only the file that has the name now is ours.
            if _is_named(descriptor, partial):
                yield file
                return


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")
