"""Pages go first: the threads that read ahead of them share one interpreter with them (ADR 35)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

MOST_S = 0.3
"""How long pages hold others up: one that takes longer waits for the store, not for the interpreter."""
T = TypeVar("T")


class Precedence:
    """Counts the pages at work, so that less urgent readers can wait for them."""

    def __init__(self, most_s: float = MOST_S) -> None:
        self._changed, self._at_work, self._most_s = threading.Condition(), 0, most_s

    def first(self, page: Callable[[], T]) -> T:
        """Return what `page` returns; others wait meanwhile."""
        self._add(1)
        try:
            return page()
        finally:
            self._add(-1)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others go on in the block, in which a page only waits for them."""
        self._add(-1)
        try:
            yield
        finally:
            self._add(1)

    def give_way(self) -> None:
        """Return as soon as no page is at work, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._at_work <= 0, self._most_s)

    def _add(self, pages: int) -> None:
        with self._changed:
            self._at_work += pages
            self._changed.notify_all()


PAGES = Precedence()
"""Of this process: it has one interpreter, and perhaps pages of several models."""
