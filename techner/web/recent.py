"""What was read from the store a moment ago, so that many who ask the same cost one request."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from techner.core.errors import Busy

T = TypeVar("T")
KEPT_S = 1.0
"""How old a value may be."""
WAIT_S = 1.0
"""How long the others wait for the one who reads."""


class Recent(Generic[T]):
    """Values by key, each kept for a second; one thread reads at a time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._reading = clock, threading.Lock()
        self._kept: dict[object, tuple[float, T]] = {}

    def get(self, key: object, read: Callable[[], T]) -> T:
        """Return the value, read anew if it is older than a second.

        Raises what `read` raises, of which nothing is kept, and Busy if another thread reads for too long.
        """
        if (found := self._fresh(key)) is not None:
            return found[1]
        if not self._reading.acquire(timeout=WAIT_S):
            raise Busy("the store is slow, and another request reads the same")
        try:
            if (found := self._fresh(key)) is not None:
                return found[1]
            asked = self._clock()  # the value may be as old as the question
            value = read()
            self._kept[key] = (asked, value)
            return value
        finally:
            self._reading.release()

    def _fresh(self, key: object) -> tuple[float, T] | None:
        found = self._kept.get(key)
        return found if found and self._clock() - found[0] < KEPT_S else None
