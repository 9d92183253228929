"""What lies in a cache, as entries that are evicted whole: no link is followed, nothing else is touched."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from techner.registry.names import VERSION_NAME

DAY_S = 24 * 3600.0
ABANDONED_S = 2 * DAY_S
"""No task runs this long: older folders of tasks were left by killed ones."""
NEVER_S = float("inf")
_BLOB = re.compile(r"[0-9a-f]{64}")
_PARTIAL = re.compile(r"([0-9a-f]{64})(\.[0-9a-f]+)?\.partial")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or folder of the cache, and what it holds on the disk."""

    path: Path
    name: str
    """By which leases name it."""
    inodes: dict[tuple[int, int], int]
    """Of each file: device and inode → bytes. A blob and the models made of it share them."""
    used: float
    """When it was last used, in seconds since 1970."""
    lasts_s: float | None = None
    """For how long it is kept after that, whatever the bounds say; None: as long as they allow."""


@dataclass(slots=True)
class Contents:
    """All entries of a cache, and the places that could not be read."""

    entries: list[Entry] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return sum({inode: size for entry in self.entries for inode, size in entry.inodes.items()}.values())


def contents(cache: Path, *, delivery_lasts_s: float = NEVER_S) -> Contents:
    """List what a cache holds; what other processes remove meanwhile is missing."""
    found = Contents()
    deliveries = _plain(cache / "deliveries", found)
    found.entries += [
        *_blobs(cache / "blobs", found),
        *_models(cache / "models", found),
        *(_entry(path, f"deliveries/{path.name}", [at], lasts_s=delivery_lasts_s) for path, at in deliveries),
        *_left_by_tasks(cache / "candidates", "", found),
        *_left_by_tasks(cache, "run-", found),
    ]
    memory = list(files_in(cache / "stores", found))
    found.entries.append(_entry(cache / "stores", "stores", memory, used=0.0, lasts_s=NEVER_S))
    return found


def _blobs(folder: Path, found: Contents) -> Iterator[Entry]:
    for path, at in _plain(folder, found):
        if _BLOB.fullmatch(path.name):
            yield _entry(path, f"blobs/{path.name}", [at])
        elif part := _PARTIAL.fullmatch(path.name):
            yield _entry(path, f"blobs/{part[1]}", [at], used=at.st_mtime, lasts_s=DAY_S)


def _models(folder: Path, found: Contents) -> Iterator[Entry]:
    for path, at in _inside(folder, found):
        if stat.S_ISDIR(at.st_mode):
            files = list(files_in(path, found)) or [at]
            # By another name, it is being made, or was left by a killed process.
            is_whole = re.fullmatch(VERSION_NAME, path.name)
            yield _entry(path, f"models/{path.name}", files, lasts_s=None if is_whole else DAY_S)


def _left_by_tasks(folder: Path, prefix: str, found: Contents) -> Iterator[Entry]:
    for path, at in _inside(folder, found):
        if stat.S_ISDIR(at.st_mode) and path.name.startswith(prefix):
            name = path.name if prefix else f"{folder.name}/{path.name}"
            files = list(files_in(path, found))
            yield _entry(path, name, files, used=at.st_mtime, lasts_s=ABANDONED_S)


def _entry(
    path: Path,
    name: str,
    files: list[os.stat_result],
    *,
    used: float | None = None,
    lasts_s: float | None = None,
) -> Entry:
    sizes = {(at.st_dev, at.st_ino): at.st_size for at in files if not stat.S_ISDIR(at.st_mode)}
    # Whoever uses a folder looks at each of its files; some of them, others use too.
    last = min((at.st_atime for at in files), default=0.0) if used is None else used
    return Entry(path=path, name=name, inodes=sizes, used=last, lasts_s=lasts_s)


def _plain(folder: Path, found: Contents) -> Iterator[tuple[Path, os.stat_result]]:
    return ((path, at) for path, at in _inside(folder, found) if stat.S_ISREG(at.st_mode))


def _inside(folder: Path, found: Contents) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what is in a folder that is no link, and how it was found, not followed."""
    try:
        if folder.is_symlink():
            found.unread.append(folder)
            return
        for item in list(os.scandir(folder)):
            try:
                yield Path(item.path), item.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        found.unread.append(folder)


def files_in(folder: Path, found: Contents) -> Iterator[os.stat_result]:
    """Yield how each file below a folder was found; links are not followed."""
    for path, at in _inside(folder, found):
        if stat.S_ISDIR(at.st_mode):
            yield from files_in(path, found)
        else:
            yield at
