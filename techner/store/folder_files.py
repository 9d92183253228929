"""The files of a folder store: what they are, and how they are opened, listed and made durable."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from techner.store.base import Stored

_REMEDIES = {
    errno.ENOSPC: "free space there",
    errno.EDQUOT: "free space there, or raise the quota",
    errno.EACCES: "check its owner and rights",
    errno.EROFS: "mount it for writing",
}


def remedied(error: OSError) -> str:
    """Say what the disk said, and what to do about it where that is known."""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{error.strerror or error}" + (f"; {remedy}" if remedy else "")


def stored(path: str, key: str) -> Stored:
    return _listed(os.stat(path), key)  # noqa: PTH116 - thousands of times a listing


def _listed(found: os.stat_result, key: str, when: datetime | None = None) -> Stored:
    # Programs that copy files set the time of modification back; they cannot set the inode's change time.
    tag = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_ctime_ns:x}"
    return Stored(key, found.st_size, tag, when=when)


def foreign(path: str, key: str) -> Stored:
    """List what others wrote; what is not a readable file gets a fault."""
    if key.endswith("/"):
        return Stored(key, 0, "", fault="it cannot be read: permission denied")
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not Path(path).is_symlink():
            raise
        return Stored(key, 0, "", fault=f"it cannot be read: {error.strerror}")
    if fault := _no_file(found.st_mode):
        return Stored(key, 0, "", fault=fault)
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        return Stored(key, found.st_size, "", fault="it cannot be read: permission denied")
    # Copies keep an older time of modification.
    return _listed(found, key, when=datetime.fromtimestamp(found.st_ctime, UTC))


def _no_file(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFDIR: "a folder that is not read",
    }
    return f"it is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file and nothing else: opening a pipe would wait for a writer for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if fault := _no_file(mode):
        raise OSError(errno.EINVAL, fault)
    # It may have been replaced by a pipe since; with this flag no pipe waits, and a file ignores it.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        yield file


def make_folders(*folders: Path) -> None:
    """Make folders and those above them; raises NotADirectoryError that names a file in their place."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise NotADirectoryError(errno.ENOTDIR, in_the_way(folder) or str(error)) from error


def in_the_way(folder: Path) -> str | None:
    """Say which file stands where `folder`, or a folder above it, belongs; None if there is none."""
    for part in (folder, *folder.parents):
        is_link = part.is_symlink()
        try:
            # Asked once: between two questions, another process may make the folder.
            is_folder = stat.S_ISDIR(part.stat().st_mode)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            if not is_link:
                continue
            is_folder = False  # a link that leads nowhere
        return None if is_folder else f"{part} is not a folder, but stands in the place of one: move it away"
    return None


def sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; a client's cache does without
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
