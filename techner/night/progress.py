"""How far a training is, for the pages: one small object of the store, overwritten after each epoch.

Nothing else reads it, and nothing waits for it: where it cannot be written, pages say less.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from techner.core.errors import StoreError, TechnerError
from techner.core.run_documents import Progress
from techner.documents import dump
from techner.night.telling import MinutesLeft
from techner.runs.documents import PROGRESS
from techner.runs.run import Run

if TYPE_CHECKING:
    from techner.uptraining import Step

log = logging.getLogger(__name__)


class ToldProgress:
    """Tells how far the training of a run is; closed by `with`.

    An epoch that ends while the last word is still on its way is not told.
    """

    def __init__(self, run: Run) -> None:
        self._store, self._key = run.store, run.folder + PROGRESS
        self._left = MinutesLeft()
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="progress")
        self._sent: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.shutdown()

    def after(
        self, step: "Step", *, clock: Callable[[], float] = time.monotonic, now: datetime | None = None
    ) -> None:
        """Tell of the first step, and of each that ends an epoch."""
        minutes = self._left.after(step, now_s=clock())
        if self._sent is None or (step.ends_epoch and self._sent.done()):
            told = Progress(
                epoch=step.epoch if step.ends_epoch else step.epoch - 1,
                epochs=step.epochs,
                minutes_left=minutes,
                when=now or datetime.now(UTC),
            )
            self._sent = self._sender.submit(self._send, told)

    def remove(self) -> None:
        """Remove what nobody asks for any more; what stays is collected with the documents of the run."""
        try:
            self._store.delete(self._key)
        except StoreError as error:
            log.warning("%s was not removed; a collection will: %s", self._key, error)

    def _send(self, told: Progress) -> None:
        try:
            self._store.put(self._key, dump(told))
        except TechnerError as error:
            log.info("pages do not see how far the training is: %s", error)
