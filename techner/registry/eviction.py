"""Eviction: a cache is brought below its bounds, and what is in use or current stays (ADR 49).

Nothing here may fail what it comes after, nor whoever reads the cache meanwhile: what they miss, they fetch.
"""

import json
import logging
import os
import shutil
import stat
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from techner.core.errors import CacheError
from techner.core.eviction import EvictionPolicy
from techner.registry.cache_entries import DAY_S, NEVER_S, Contents, Entry, contents, files_in
from techner.registry.cache_folder import listed, plain_folder
from techner.registry.leases import leased, model_name

log = logging.getLogger(__name__)
_AHEAD_S = 60.0
"""An access time so far in the future was written by a clock that was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evicted:
    """What was removed, and what the cache holds now."""

    entries: int
    freed_bytes: int
    size_bytes: int


def evict(cache: Path, policy: EvictionPolicy) -> Evicted | None:
    """Remove what nobody has used for too long, then the longest unused until the cache fits its bound.

    Returns None if another process does it, or if it cannot be told what is in use; a warning says why.
    """
    if not cache.exists():
        return Evicted(entries=0, freed_bytes=0, size_bytes=0)
    cache = cache.resolve()  # it may be a link to a larger disk, but nothing in it is followed
    lock = FileLock(cache / "locks" / "evict.lock", thread_local=False)
    try:
        try:
            plain_folder(cache / "locks")
            lock.acquire(timeout=0)
        except Timeout:
            return None
        except (OSError, NotImplementedError, CacheError) as error:  # two at once do no harm
            log.debug("evicting without a lock: %s", error)
        found = contents(cache, delivery_lasts_s=policy.max_days * DAY_S or NEVER_S)
        keep = leased(cache) | current(cache)  # last: what is used from now on has a later time
    except (OSError, ValueError) as error:
        log.warning("nothing of %s is evicted: it cannot be told what is in use (%s)", cache, error)
        return None
    else:
        return _Eviction(cache, policy, found).without(keep)
    finally:
        lock.release()


def current(cache: Path) -> frozenset[str]:
    """Return the models that services would load if the store were down: the last that each alias named.

    Raises OSError or ValueError if a record cannot be read.
    """
    names = set()
    records = (file for memory in listed(cache / "stores") for file in listed(memory / "aliases"))
    for file in (file for file in records if file.suffix == ".json"):
        try:
            names.add(model_name(json.loads(file.read_bytes())["version"]))
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{file} is damaged: delete it, and the next pull makes it again") from error
    return frozenset(names)


class _Eviction:
    """One pass over what a cache held when it began."""

    def __init__(self, cache: Path, policy: EvictionPolicy, found: Contents) -> None:
        self._cache, self._policy, self._found = cache, policy, found
        self._now = time.time()
        self._size = found.size_bytes
        # The bytes of a file are free once none of its names is left.
        self._names = Counter(inode for entry in found.entries for inode in entry.inodes)
        self._trouble = [f"{path} cannot be read" for path in found.unread]

    def without(self, keep: frozenset[str]) -> Evicted:
        """Remove what is due and not named."""
        before, removed = self._size, 0
        # A model before its blobs, which are as old: until it is gone, to remove them frees nothing.
        for entry in sorted(self._found.entries, key=lambda entry: (entry.used, entry.path.name)):
            if entry.name not in keep and self._is_due(entry):
                removed += self._remove(entry)
        self._tell(removed, before - self._size)
        return Evicted(entries=removed, freed_bytes=before - self._size, size_bytes=self._size)

    def _is_due(self, entry: Entry) -> bool:
        age_s = self._now - entry.used
        if age_s < -_AHEAD_S:  # kept, and from now on it grows old like the others
            _use_now(entry, self._now)
        if entry.lasts_s is not None:
            return age_s > entry.lasts_s
        if entry.path.parent.name == "blobs" and any(self._names[inode] > 1 for inode in entry.inodes):
            return False  # a model needs it that stays
        is_old = 0 < self._policy.max_days * DAY_S < age_s
        return is_old or 0 < self._policy.max_bytes < self._size

    def _remove(self, entry: Entry) -> bool:
        try:
            if not _is_unused_since(entry):
                return False
            if entry.lasts_s is None and entry.path.parent.name == "models":
                # First out of the way: nobody may find a part of a model under its name.
                aside = entry.path.with_name(f".{entry.path.name}-{uuid.uuid4().hex[:12]}")
                entry.path.rename(aside)
                shutil.rmtree(aside)
            elif entry.path.is_dir():
                shutil.rmtree(entry.path)
            else:
                entry.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._trouble.append(f"{entry.path} cannot be removed ({error.strerror or error})")
            return False
        for inode, size in entry.inodes.items():
            self._names[inode] -= 1
            self._size -= 0 if self._names[inode] else size
        return True

    def _tell(self, removed: int, freed_bytes: int) -> None:
        where, held, most = self._cache, self._size / 1e6, self._policy.max_bytes
        if removed:
            log.info(
                "%d entries of %s evicted, %.1f MB; it holds %.1f MB", removed, where, freed_bytes / 1e6, held
            )
        if 0 < most < self._size:
            allowed = most / 1e6
            log.warning("%s holds %.1f MB in use, and eviction.max_bytes allows %.1f", where, held, allowed)
        if self._trouble:
            log.warning("%s: %s (%d in all)", where, self._trouble[0], len(self._trouble))


def _is_unused_since(entry: Entry) -> bool:
    """Tell whether this is still what was listed, and nobody has used it since.

    What may not be read to its end is of another user, and not to be taken apart.
    """
    at, left = entry.path.lstat(), Contents()
    files = list(files_in(entry.path, left)) if stat.S_ISDIR(at.st_mode) else [at]
    is_same = {(file.st_dev, file.st_ino) for file in files} == entry.inodes.keys() and not left.unread
    last = min((file.st_atime for file in files), default=entry.used)
    return is_same and (entry.lasts_s is not None or last <= entry.used)


def _use_now(entry: Entry, now: float) -> None:
    files = [entry.path] if entry.lasts_s is not None else [entry.path, *entry.path.rglob("*")]
    for path in files:
        with suppress(OSError):
            at = path.lstat()
            # What lasts for a time is as old as its last change.
            os.utime(path, (now, now if entry.lasts_s is not None else min(at.st_mtime, now)))
