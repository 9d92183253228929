"""The folders and files of a local cache: made, recognised, and their errors put into words."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from techner.core.errors import CacheError
from techner.core.manifest import FileEntry
from techner.registry.blobs import file_digest
from techner.store.folder_files import make_folders

_DAY_S = 24 * 3600.0
READ_ONLY = 0o444
"""Blobs are linked into the folders of several versions, so no version may write to them."""


def is_file_of(path: Path, entry: FileEntry) -> bool:
    """Tell whether `path` is a plain file, not a link, with exactly these bytes; to ask is to use it."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size_bytes:
            return False
        note_use(path, found)  # first: what is about to be read must not look old to who evicts
        return file_digest(path) == entry.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False


def note_use(path: Path, found: os.stat_result) -> None:
    """Make now the access time of a file: by itself, many file systems do so once a day or never.

    What another user made keeps its own; at worst it is evicted earlier.
    """
    follows = os.utime not in os.supports_follow_symlinks  # Windows can do no other
    with suppress(OSError):
        os.utime(path, ns=(time.time_ns(), found.st_mtime_ns), follow_symlinks=follows)


def note_daily_use(path: Path) -> None:
    """Do the same at most once a day, for small files that are many."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        if time.time() - found.st_atime > _DAY_S:
            note_use(path, found)


def plain_folder(folder: Path) -> Path:
    """Make a folder of the cache; raises CacheError if it is a link."""
    if folder.is_symlink():
        raise CacheError(str(folder.parent), f"{folder.name} is a symbolic link out of it")
    return make_folder(folder)


def listed(folder: Path) -> list[Path]:
    """Return what is in a folder, and nothing if there is none; raises OSError where `glob` is silent."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def make_folder(folder: Path) -> Path:
    """Make a folder and those above it; raises CacheError if a file stands in its place."""
    try:
        make_folders(folder)
    except NotADirectoryError as error:
        raise CacheError(str(folder), error.strerror or str(error)) from error
    return folder


@contextmanager
def cache_errors(cache: Path) -> Iterator[None]:
    """Turn an error of the local disk into a CacheError that names the cache."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        raise CacheError(str(cache), f"{what}{error.strerror or error}") from error


def is_plain(path: Path) -> bool:
    """Tell whether there is a file and not a link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def size_bytes(path: Path) -> int:
    """Return the size of a file, 0 if there is none: another process may finish it at any moment."""
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0
