"""Taking turns where several processes would do the same work, and clearing up what dead ones left.

A turn saves work and guards nothing: locks do nothing on some network file systems, and a lock may be held
for ever. So every writer uses a file of its own, verifies it, and renames it.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE_S = 30.0
"""How long a lock is waited for while its holder shows no progress."""
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
    """Wait for the lock, at most until `is_done`, or until `progress` has said the same for `patience_s`.

    The block runs in any case, without the lock where it could not be had: see the module.
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
                log.warning("%s is locked, and nothing has moved for %.0f s: going on", lock_file, patience_s)
                break
        except (OSError, NotImplementedError) as error:  # a file system without locks
            log.warning("%s cannot be locked (%s): going on", lock_file, error)
            break
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path, pattern: str, *, older_s: float) -> None:
    """Remove what matches and was not changed for so long: killed processes left it."""
    for left in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > older_s:
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()
