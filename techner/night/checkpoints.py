"""A training that was cut off goes on from its last epoch, on whichever worker (ADR 40).

Its checkpoint is one object of the store, overwritten after each epoch: a retry often finds another cache.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from techner import __version__
from techner.core.errors import IntegrityError, ObjectMissing, StoreError, TechnerError
from techner.core.examples import digest
from techner.core.run_documents import Corpus, Plan
from techner.runs.documents import CHECKPOINT
from techner.runs.run import Run

log = logging.getLogger(__name__)


class StoredCheckpoints:
    """The checkpoint of a run, made from its present plan and corpus by this `code`; closed by `with`.

    Training does not wait for the store: an epoch that ends while the last checkpoint is still on its way has
    none, and one that cannot be sent costs only itself. A store that is down at the beginning fails the task:
    to try again soon is better than to train anew.
    """

    def __init__(self, run: Run, *, code: str) -> None:
        """Name the place; the run has read its plan and corpus."""
        made_from = [run.seen[run.key(kind)] for kind in (Plan, Corpus)]
        device = "cpu" if run.gpu is None else "gpu"
        self._made_from = digest("\n".join([*made_from, __version__, code, device]).encode())
        self._store, self._key = run.store, run.folder + CHECKPOINT
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._sent: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.shutdown()
        if self._sent and error is None:
            self._sent.result()

    def latest(self) -> bytes | None:
        """Return the state from which to go on; what is damaged or not of this training is removed.

        Raises StoreError where the store does not say whether there is one.
        """
        try:
            head, _, state = self._store.get(self._key).partition(b"\n")
        except ObjectMissing:
            return None
        except IntegrityError as error:
            self._drop(f"cannot be trusted ({error})")
            return None
        if head != self._head(state):
            self._drop("is damaged, or of another plan, corpus or version of the code")
            return None
        log.info("training goes on from %s", self._key)
        return state

    def offer(self, state: Callable[[], bytes]) -> None:
        if self._sent is None or self._sent.done():
            self._sent = self._sender.submit(self._send, state())

    def remove(self) -> None:
        """Remove what nothing needs any more; what stays is collected with the documents of the run."""
        try:
            self._store.delete(self._key)
        except StoreError as error:
            log.warning("%s was not removed; a collection will: %s", self._key, error)

    def _send(self, state: bytes) -> None:
        try:
            self._store.put(self._key, self._head(state) + b"\n" + state)
        except TechnerError as error:
            log.warning("no checkpoint of this epoch, and training goes on: %s", error)

    def _head(self, state: bytes) -> bytes:
        return f"{self._made_from} {digest(state)}".encode()

    def _drop(self, why: str) -> None:
        log.warning("%s %s; training begins at the first epoch", self._key, why)
        self.remove()
