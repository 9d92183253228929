"""A night of `outages.py`, as what befalls it sees it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.store_proxy import StoreProxy
from tests.production.servers import S3
from tests.production.stack import Stack

STAGES = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish")
WORKERS = ("worker", "trainer")


@dataclass(frozen=True)
class Night:
    """A night that is under way."""

    stack: Stack
    proxy: StoreProxy
    run_id: str
    number: int
    seconds: float
    """How long what is down, hangs, is slow, is full or answers with errors does so."""

    def wait_for(self, stage: str) -> str:
        """Return the worker on which a task has begun; a training has a checkpoint by then."""

        def found() -> str | None:
            if stage == "uptrain" and not [*self.stack.store.list(f"runs/{self.run_id}/checkpoint")]:
                return None
            return next((name for name in self.workers() if self.stack.logs(name, self.run_id, stage)), None)

        return str(self.stack.wait_for(found, f"{stage} to begin", run_id=self.run_id))

    def workers(self) -> tuple[str, ...]:
        return tuple(name for name in self.stack.machines.names if name.startswith(WORKERS))

    def replace_worker(self, name: str, environment: Mapping[str, str] | None = None) -> datetime:
        """Kill a worker, and start another with an empty disk; returns when it was killed."""
        killed = datetime.now(UTC)
        self.stack.machines.kill(name)
        service = name.partition("-")[0]
        self.stack.start_worker(f"{service}-{time.monotonic_ns()}", service, environment or {})
        return killed

    def gateway(self) -> str:
        """Return the machine on which the server of S3 runs now."""
        return next(name for name in reversed(self.stack.servers.machines.names) if name.startswith(S3))
