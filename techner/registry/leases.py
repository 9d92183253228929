"""What living processes use of a cache, so that nobody evicts it meanwhile (ADR 49).

A lease is a file with names, and a lock beside it that its process holds: the lock of a dead one is free.
Where locks do nothing, a lease protects nothing, and whoever misses a file fetches it again.
"""

import json
import logging
import os
import uuid
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from techner.core.errors import CacheError
from techner.core.manifest import FileEntry
from techner.registry.cache_folder import listed, note_use, plain_folder

_LEASES = "leases"
log = logging.getLogger(__name__)


def blob_name(entry: FileEntry) -> str:
    """Return the name of a blob in the cache."""
    return f"blobs/{entry.sha256}"


def model_name(version: str) -> str:
    """Return the name of the folder of a version in the cache."""
    return f"models/{version}"


class Lease:
    """Keeps these names of a cache from eviction, until it is closed, dropped, or its process ends."""

    def __init__(self, cache: Path, names: Iterable[str]) -> None:
        """Take it; a disk that is full or read-only is no error, because it may hold all that is needed."""
        file = cache / _LEASES / f"{uuid.uuid4().hex}.json"
        # Held by the process, not by the thread that happens to take it.
        lock = FileLock(file.with_suffix(".lock"), thread_local=False)
        names = sorted(names)
        self._close = weakref.finalize(self, _close, file, lock, os.getpid(), names)
        try:
            plain_folder(file.parent)
            lock.acquire(timeout=0)
            file.write_text(json.dumps(names))  # only now: a lease without its lock looks dead
        except (OSError, NotImplementedError, Timeout, CacheError) as error:
            log.warning("what is used of %s may be evicted meanwhile, and is fetched again: %s", cache, error)

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def leased(cache: Path) -> frozenset[str]:
    """Return what living processes use, and remove the leases of dead ones.

    A lease whose lock only another user may try counts until that user evicts. Raises OSError or ValueError
    if a lease cannot be read: what its process uses is unknown.
    """
    names: set[str] = set()
    for file in listed(cache / _LEASES):
        if file.suffix != ".json":
            continue
        lock = FileLock(file.with_suffix(".lock"), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except (Timeout, PermissionError):
            try:
                names.update(json.loads(file.read_bytes()))
            except FileNotFoundError:  # it has just ended
                continue
            except ValueError as error:
                raise ValueError(f"{file} is damaged: end its process, and delete it") from error
        else:
            _end(file, lock)
    return frozenset(names)


def _close(file: Path, lock: FileLock, process: int, names: Iterable[str]) -> None:
    if os.getpid() != process:  # a fork inherits the object, but the lease is of its parent
        return
    for path in (path for name in names for path in (file.parents[1] / name).rglob("*")):
        with suppress(OSError):
            note_use(path, path.lstat())  # a model that served for months was used until now
    _end(file, lock)


def _end(file: Path, lock: FileLock) -> None:
    try:
        file.unlink(missing_ok=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s stays until its process ends: %s", file, error)
