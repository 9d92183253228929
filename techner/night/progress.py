"""How far a training is, for the pages: one small object of the store, overwritten after each epoch.

Nothing else reads it, and nothing waits for it: where it cannot be written, pages say less.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from techner.core.errors import TechnerError
from techner.core.run_documents import Progress
from techner.documents import dump
from techner.night.overwritten import Overwritten
from techner.night.telling import MinutesLeft
from techner.runs.documents import PROGRESS
from techner.runs.run import Run

if TYPE_CHECKING:
    from techner.uptraining import Step

log = logging.getLogger(__name__)


class ToldProgress(Overwritten):
    """Tells how far the training of a run is.

    An epoch that ends while the last word is still on its way is not told.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run, PROGRESS, undone=_not_seen)
        self._left = MinutesLeft()

    def after(
        self, step: "Step", *, clock: Callable[[], float] = time.monotonic, now: datetime | None = None
    ) -> None:
        """Tell of the first step, and of each that ends an epoch."""
        minutes = self._left.after(step, now_s=clock())
        if self.is_first or step.ends_epoch:
            told = Progress(
                epoch=step.epoch if step.ends_epoch else step.epoch - 1,
                epochs=step.epochs,
                minutes_left=minutes,
                when=now or datetime.now(UTC),
            )
            self.offer(lambda: dump(told))


def _not_seen(error: TechnerError) -> None:
    log.info("pages do not see how far the training is: %s", error)
