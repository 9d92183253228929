"""The folders and files of a local cache: made, recognised, and their errors put into words."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from techner.core.errors import CacheError
from techner.core.manifest import FileEntry
from techner.registry.blobs import file_digest
from techner.store.folder_files import make_folders

READ_ONLY = 0o444
"""Blobs are linked into the folders of several versions, so no version may write to them."""


def is_file_of(path: Path, entry: FileEntry) -> bool:
    """Tell whether `path` is a plain file, not a link, with exactly these bytes."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    whole = stat.S_ISREG(found.st_mode) and found.st_size == entry.size_bytes
    return whole and file_digest(path) == entry.sha256


def plain_folder(folder: Path) -> Path:
    """Make a folder of the cache; raises CacheError if it is a link."""
    if folder.is_symlink():
        raise CacheError(str(folder.parent), f"{folder.name} is a symbolic link out of it")
    return make_folder(folder)


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
