"""Sends figures of the nights the way Airflow sends its own: StatsD or OpenTelemetry, or nowhere.

Of several models, a figure has the model in its name: StatsD has no tags, and would keep one value for all.
"""

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


def send_inbox(run: "Run", states: "tuple[BatchState, ...]", model: str | None) -> None:
    """Send what a night finds before it begins."""
    from techner.night import measures

    planned = {measures.PLANNED_AT: time.time()}
    _send(planned | measures.of_batches(states) | measures.of_production(run.store), model)


def send_production(store: "Store", model: str | None) -> None:
    """Send when production last moved; what was done does not fail for a figure."""
    from techner.core.errors import TechnerError
    from techner.night import measures

    try:
        _send(measures.of_production(store), model)
    except TechnerError as error:
        log.warning("the age of production was not sent: %s", error)


def send_verdict(verdict: "Verdict", model: str | None) -> None:
    """Send how a candidate did."""
    from techner.night import measures

    _send(measures.of_verdict(verdict), model)
    stats.incr(_named(measures.VERDICTS[verdict.outcome], model))


@contextmanager
def timed(task_id: str, model: str | None) -> Iterator[None]:
    """Send how long a block took that ended without an error."""
    from techner.night import measures

    began_s = time.monotonic()
    yield
    if name := measures.SECONDS.get(task_id):
        _send({name: round(time.monotonic() - began_s, 3)}, model)


def _send(gauges: Mapping[str, float], model: str | None) -> None:
    for name, value in gauges.items():
        stats.gauge(_named(name, model), value)


def _named(name: str, model: str | None) -> str:
    return name if model is None else f"techner.{model}.{name.removeprefix('techner.')}"
