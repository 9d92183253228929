"""Sends figures of the nights the way Airflow sends its own: StatsD or OpenTelemetry, or nowhere."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.observability import stats

if TYPE_CHECKING:
    from techner.core.verdict import Verdict
    from techner.inbox.survey import BatchState
    from techner.runs.run import Run
    from techner.store import Store

log = logging.getLogger("techner.nightly")


def send_inbox(run: "Run", states: "tuple[BatchState, ...]") -> None:
    """Send what a night finds before it begins."""
    from techner.night import measures

    planned = {measures.PLANNED_AT: time.time()}
    _send(planned | measures.of_batches(states) | measures.of_production(run.store))


def send_production(store: "Store") -> None:
    """Send when production last moved; what was done does not fail for a figure."""
    from techner.core.errors import TechnerError
    from techner.night import measures

    try:
        _send(measures.of_production(store))
    except TechnerError as error:
        log.warning("the age of production was not sent: %s", error)


def send_verdict(verdict: "Verdict") -> None:
    """Send how a candidate did."""
    from techner.night import measures

    _send(measures.of_verdict(verdict))
    stats.incr(measures.VERDICTS[verdict.outcome])


@contextmanager
def timed(task_id: str) -> Iterator[None]:
    """Send how long a block took that ended without an error."""
    from techner.night import measures

    began_s = time.monotonic()
    yield
    if name := measures.SECONDS.get(task_id):
        _send({name: round(time.monotonic() - began_s, 3)})


def _send(gauges: Mapping[str, float]) -> None:
    for name, value in gauges.items():
        stats.gauge(name, value)
