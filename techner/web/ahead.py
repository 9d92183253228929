"""Reads documents that nobody has read here before, beside the pages, which do not wait (ADR 35)."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from techner.core.errors import StillReading, TechnerError
from techner.web.precedence import PAGES

NAME = "techner-ahead"
"""Of its threads."""
READERS = 8
"""Documents that are read at once."""
WAIT_S = 0.1
"""How long a page waits for what may be read in a moment."""
T = TypeVar("T")
L = TypeVar("L")
log = logging.getLogger("techner.web")


class Ahead(Generic[L]):
    """Does `work` in a thread of the process's own, and says how far it is.

    It ends by itself, or with the process; after an error, the next page that needs it begins it again.
    """

    def __init__(self, work: Callable[[L, "Ahead[L]"], None]) -> None:
        self._work = work
        self._turn, self._thread = threading.Lock(), threading.Thread()
        self._read = self._of = 0
        self._problem = ""

    def read(self, look: L) -> None:
        """Begin the work with this look unless it is under way, and wait a moment for its end."""
        with self._turn:
            thread = self._thread
            if not thread.is_alive():
                self._read = self._of = 0
                thread = threading.Thread(target=self._do, args=(look,), daemon=True, name=NAME)
                thread.start()
                self._thread = thread
        with PAGES.aside():
            thread.join(WAIT_S)

    @property
    def is_under_way(self) -> bool:
        return self._thread.is_alive()

    def expect(self, number: int) -> None:
        """Say how many more items the work has."""
        self._of += number

    def each(self, items: Collection[T], read: Callable[[T], None]) -> None:
        """Call `read` with each item, in threads; raises the first error, and begins no more items then."""
        left, errors, turn = iter(items), list[TechnerError](), threading.Lock()

        def work() -> None:
            while not errors:
                with turn:
                    item = next(left, left)
                    if item is left:
                        return
                PAGES.give_way()
                try:
                    read(item)  # type: ignore[arg-type] # not the iterator itself
                except TechnerError as error:
                    errors.append(error)
                with turn:
                    self._read += 1

        # No pool: at its exit, Python waits for the threads of pools, and a store may hang.
        number = min(READERS, len(items))
        threads = [threading.Thread(target=work, daemon=True, name=NAME) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def unfinished(self) -> StillReading:
        """Return how far it is, to be raised by a page that cannot be whole yet."""
        return StillReading(self._read, self._of, self._problem)

    def _do(self, look: L) -> None:
        problem = "it failed, and the log of the server says why"
        try:
            self._work(look, self)
            problem = ""
        except TechnerError as error:
            log.warning("reading ahead of the pages ended: %s", error)
            problem = str(error)
        finally:
            self._problem = problem
