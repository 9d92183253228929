"""Taking turns when several processes would do the same work, and removing what dead processes left.

A turn saves work and protects nothing: locks do nothing on some network file systems, and a lock may be held
for ever. So every writer writes a file of its own, verifies it, and renames it.
"""

import logging
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE_S = 30.0
"""How long to wait for a lock whose holder makes no progress."""
_LOOK_S = 0.5
log = logging.getLogger(__name__)


@contextmanager
def turn(
    lock_file: Path,
    *,
    is_done: Callable[[], bool] = lambda: False,
    progress: Callable[[], object] = lambda: None,
    patience_s: float = PATIENCE_S,
) -> Iterator[None]:
    """Wait for the lock until `is_done`, or until `progress` has returned the same value for `patience_s`.

    The block runs in any case, if need be without the lock: see the module.
    """
    lock = FileLock(lock_file)
    said, since = progress(), time.monotonic()
    while not is_done():
        try:
            lock.acquire(timeout=min(_LOOK_S, patience_s), poll_interval=0.02)
            break
        except Timeout:
            now = progress()
            if now != said:
                said, since = now, time.monotonic()
            elif time.monotonic() - since >= patience_s:
                log.warning(
                    "%s is locked, and nothing has moved for %.0f s: going on without it",
                    lock_file,
                    patience_s,
                )
                break
        except (OSError, NotImplementedError) as error:  # a file system without locks
            log.warning("%s cannot be locked (%s): going on without it", lock_file, error)
            break
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path, pattern: str, *, older_s: float, but: Collection[str] = ()) -> None:
    """Remove what matches, has not changed for this long and is not named: killed processes left it."""
    for left in folder.glob(pattern):
        if left.name in but:
            continue
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > older_s:
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()
