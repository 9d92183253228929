"""Writes that go on trying while the store is down: what was computed for an hour is not thrown away."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from techner.core.errors import StoreError

T = TypeVar("T")
FOR_S = 600.0
"""How long the store may be down; after that, the task's own retries go on."""
_FIRST_S, _LONGEST_S = 1.0, 30.0
log = logging.getLogger(__name__)


def until_stored(
    write: Callable[[], T],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Return what `write`, which must be repeatable, returns; it is repeated for ten minutes.

    Raises its last error after that, and at once one that no retry can help.
    """
    deadline, pause_s = clock() + FOR_S, _FIRST_S
    while True:
        try:
            return write()
        except StoreError as error:
            if not error.is_passing or clock() + pause_s > deadline:
                raise
            log.warning("%s; tried again in %.0f s", error, pause_s)
        sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_S)
