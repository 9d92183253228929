"""An object of a run that a task overwrites while it works, in its own thread, and removes at its end."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from techner.core.errors import StoreError, TechnerError
from techner.runs.run import Run

log = logging.getLogger(__name__)


class Overwritten:
    """The newest state of something, as one object of the store; closed by `with`, which waits for the last.

    What is offered while the last one is still on its way is left out, and one that cannot be sent is lost:
    `undone` is told why.
    """

    def __init__(self, run: Run, name: str, *, undone: Callable[[TechnerError], None]) -> None:
        self.store, self.key = run.store, run.folder + name
        self._undone = undone
        self._sender = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._sent: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.shutdown()

    @property
    def is_first(self) -> bool:
        """Whether nothing has been offered yet."""
        return self._sent is None

    def offer(self, state: Callable[[], bytes]) -> None:
        """Send the state as it is now, unless that would have to wait."""
        if self._sent is None or self._sent.done():
            self._sent = self._sender.submit(self._send, state())

    def check(self) -> None:
        """Raise what the last sending raised beside an error of the store."""
        if self._sent:
            self._sent.result()

    def remove(self) -> None:
        """Remove what nothing needs any more; what stays is collected with the documents of the run."""
        try:
            self.store.delete(self.key)
        except StoreError as error:
            log.warning("%s was not removed; a collection will: %s", self.key, error)

    def _send(self, state: bytes) -> None:
        try:
            self.store.put(self.key, state)
        except TechnerError as error:
            self._undone(error)
