"""A training that was cut off goes on from its last epoch, on whichever worker (ADR 40).

Its checkpoint is one object of the store, overwritten after each epoch: a retry often finds another cache.
"""

import logging
from collections.abc import Callable
from types import TracebackType

from techner import __version__
from techner.core.errors import IntegrityError, ObjectMissing, TechnerError
from techner.core.examples import digest
from techner.core.run_documents import Corpus, Plan
from techner.night.overwritten import Overwritten
from techner.runs.documents import CHECKPOINT
from techner.runs.run import Run

log = logging.getLogger(__name__)


class StoredCheckpoints(Overwritten):
    """The checkpoint of a run, made from its present plan and corpus by this `code`.

    Training does not wait for the store: an epoch that ends while the last checkpoint is still on its way has
    none, and one that cannot be sent costs only itself. A store that is down at the beginning fails the task:
    to try again soon is better than to train anew.
    """

    def __init__(self, run: Run, *, code: str) -> None:
        """Name the place; the run has read its plan and corpus."""
        super().__init__(run, CHECKPOINT, undone=_none_of_this_epoch)
        made_from = [run.seen[run.key(kind)] for kind in (Plan, Corpus)]
        device = "cpu" if run.gpu is None else "gpu"
        self._made_from = digest("\n".join([*made_from, __version__, code, device]).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if error is None:
            self.check()

    def latest(self) -> bytes | None:
        """Return the state from which to go on; what is damaged or not of this training is removed.

        Raises StoreError where the store does not say whether there is one.
        """
        try:
            head, _, state = self.store.get(self.key).partition(b"\n")
        except ObjectMissing:
            return None
        except IntegrityError as error:
            self._drop(f"cannot be trusted ({error})")
            return None
        if head != self._head(state):
            self._drop("is damaged, or of another plan, corpus or version of the code")
            return None
        log.info("training goes on from %s", self.key)
        return state

    def offer(self, state: Callable[[], bytes]) -> None:
        super().offer(lambda: self._headed(state()))

    def _headed(self, state: bytes) -> bytes:
        return self._head(state) + b"\n" + state

    def _head(self, state: bytes) -> bytes:
        return f"{self._made_from} {digest(state)}".encode()

    def _drop(self, why: str) -> None:
        log.warning("%s %s; training begins at the first epoch", self.key, why)
        self.remove()


def _none_of_this_epoch(error: TechnerError) -> None:
    log.warning("no checkpoint of this epoch, and training goes on: %s", error)
