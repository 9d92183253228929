"""A night of `outages.py`, as what befalls it sees it."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.store_proxy import StoreProxy
from techner.core.errors import StoreError
from techner.core.examples import Example
from techner.starter import slot_examples
from tests.production.servers import S3
from tests.production.stack import Stack
from tests.world import TECH

STAGES = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish")
WORKERS = ("worker", "trainer")
_ASK_EVERY_S = 5.0


class MissedError(Exception):
    """What was to befall a night did not, so that its row says nothing."""


def rows_of(number: int, *, part: int) -> tuple[Example, ...]:
    """Return ten sentences that no other night, and no other of the three parts of this one, has."""
    begin = 30 * number + 10 * part
    return tuple(example.only(TECH) for example in slot_examples("tech", begin + 10, seed=1)[begin:])


@dataclass(frozen=True)
class Night:
    """A night that is under way."""

    stack: Stack
    proxy: StoreProxy
    run_id: str
    number: int
    seconds: float
    """How long what is down, hangs, is slow, is full or answers with errors does so."""
    struck: list[datetime] = field(default_factory=list)
    """When something befell it."""
    killed: list[datetime] = field(default_factory=list)
    """When a worker was killed."""
    beside: list[str] = field(default_factory=list)
    """Other nights that were begun meanwhile."""

    def wait_for(self, stage: str) -> str:
        """Return the worker on which a task has begun; a training has a checkpoint by then.

        Raises `MissedError` where the night ends before that.
        """
        asked = time.monotonic()

        def found() -> str | None:
            nonlocal asked
            ended = None
            if time.monotonic() > asked + _ASK_EVERY_S:
                asked, ended = time.monotonic(), self.stack.end_of(self.run_id)
            if name := self._at_work(stage):
                return name
            if ended:
                raise MissedError(f"the night ended in {ended} before {stage} began")
            return None

        name = self.stack.wait_for(found, f"{stage} to begin", run_id=self.run_id, every_s=0.1)
        self.struck.append(datetime.now(UTC))
        return str(name)

    def _at_work(self, stage: str) -> str | None:
        name = next((name for name in self.workers() if self.stack.logs(name, self.run_id, stage)), None)
        if stage != "uptrain" or name is None:
            return name
        with suppress(StoreError):  # it may be on its way up again
            return name if [*self.stack.store.list(f"runs/{self.run_id}/checkpoint")] else None
        return None

    def workers(self) -> tuple[str, ...]:
        return tuple(name for name in self.stack.machines.names if name.startswith(WORKERS))

    def replace_worker(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Kill a worker, and start another with an empty disk."""
        self.killed.append(datetime.now(UTC))
        self.stack.machines.kill(name)
        service = name.partition("-")[0]
        self.stack.start_worker(f"{service}-{time.monotonic_ns()}", service, environment or {})

    def gateway(self) -> str:
        """Return the machine on which the server of S3 runs now."""
        return next(name for name in reversed(self.stack.servers.machines.names) if name.startswith(S3))
