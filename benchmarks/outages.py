"""Nights on the stack of the composition, each with one fault: a part of it killed, hung, restarted or full.

    python benchmarks/outages.py [--seconds 60] [--times 1] [--first 5] [--keep FOLDER] [FAULT …]

Starts PostgreSQL, Redis, Ceph (behind a proxy) and Airflow with two Celery workers as `make test-production`
does, and runs a night of two batches for each fault. What the night did not learn, a second one without a
fault gets. Prints what of the store was lost (delivered, and neither in the lineage of production nor held by
a person's word), doubled (twice in that lineage, or two versions that production named, with one parent and
the same batches) and wrong (what `model verify` finds), the minutes from the fault's beginning until the last
night had ended (without a fault, of the whole night), how the nights ended, how many tries their tasks took
beyond the first, and where workers were killed, the seconds from each death to the next try of a task.
"""

import argparse
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.outage_faults import FAULTS
from benchmarks.outage_night import MissedError, Night, rows_of
from benchmarks.store_proxy import StoreProxy
from techner.core.policy import Policies
from techner.formats import write_examples
from techner.inbox.survey import Status, survey
from techner.registry import Registry
from techner.registry.lineage import learnt
from techner.registry.verify import verify_store
from tests.production.servers import served
from tests.production.stack import Stack, started
from tests.up import DAG
from tests.world import make_origin, train_base

EPOCHS = 10
"""Enough that a training is under way when its worker is killed."""
BEFORE = 5
"""As many nights' rows are learnt by one night before the first fault."""
COLUMNS = (
    *("fault", "lost", "doubled", "wrong", "minutes until normal"),
    *("ended", "tries more", "s to the next try"),
)


def run_night(stack: Stack, proxy: StoreProxy, number: int, fault: str, seconds: float) -> str:
    """Run the night of this number with its fault, and return its line of the table."""
    deliver(stack, number)
    begun = datetime.now(UTC)
    night = Night(stack, proxy, stack.begin(f"night-{number}", epochs=EPOCHS), number, seconds)
    try:
        FAULTS[fault](night)
    except MissedError as error:
        fault = f"{fault} (missed: {error})"
    runs = [night.run_id, *night.beside]
    ended = [stack.wait_for_end(run) for run in runs]
    if not_learnt(stack):
        runs.append(stack.begin(f"night-{number}-next", epochs=EPOCHS))
        ended.append(stack.wait_for_end(runs[-1]))
    minutes = (datetime.now(UTC) - min(night.struck, default=begun)).total_seconds() / 60
    tasks = [task for run in runs for task in tasks_of(stack, run)]
    again = sum(max(0, task["try_number"] - 1) for task in tasks)
    waited = ", ".join(to_next_try(tasks, killed) for killed in night.killed)
    figures = (fault, *look(stack), f"{minutes:.1f}", ", ".join(ended), again, waited)
    return " | ".join(map(str, figures))


def deliver(stack: Stack, number: int) -> None:
    for part in (0, 1):
        stack.store.create(f"inbox/{number:02}-{part}.jsonl", write_examples(rows_of(number, part=part)))


def tasks_of(stack: Stack, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.client.get(f"{DAG}/dagRuns/{run_id}/taskInstances").json()[
        "task_instances"
    ]
    return found


def to_next_try(tasks: list[dict[str, Any]], killed: datetime) -> str:
    """Return the seconds from the death of a worker until a task that was tried again began."""
    begun = (datetime.fromisoformat(task["start_date"]) for task in tasks if task["try_number"] > 1)
    after = min((when - killed for when in begun if when > killed), default=None)
    return f"{after.total_seconds():.0f}" if after else "none"


def not_learnt(stack: Stack) -> list[str]:
    """Return the batches that are neither in production nor held by a person's word."""
    with tempfile.TemporaryDirectory() as cache:
        states = survey(stack.store, Policies(), cache=Path(cache))
    return [one.ref.name for one in states if one.status not in (Status.IN_PRODUCTION, Status.HELD)]


def look(stack: Stack) -> tuple[int, int, int]:
    """Return how much is lost, doubled and wrong."""
    registry = Registry(stack.store)
    taught = Counter(batch.digest for batch in learnt(stack.store, registry.production()[1]))
    named = {entry.record.version for entry in registry.log().records()}
    made = Counter(
        (manifest.parent, manifest.lineage.parts, manifest.lineage.batches)
        for manifest in map(registry.manifest, named)
    )
    doubled = sum(times - 1 for times in (*taught.values(), *made.values()))
    return len(not_learnt(stack)), doubled, len([*verify_store(stack.store, registry.versions())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of: {', '.join(FAULTS)}; all by default")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="how long a state lasts, such as a hung store or a wrong clock",
    )
    parser.add_argument("--times", type=int, default=1, metavar="N", help="nights of each fault")
    parser.add_argument(
        "--first",
        type=int,
        default=BEFORE,
        metavar="N",
        help="number of the first night, which draws its rows and kills",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty folder for the logs, which stay"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped, with all that was started"))
    with tempfile.TemporaryDirectory() as home:
        folder = (options.keep or Path(home)).absolute()
        train_base(folder / "base")
        with (
            served(folder) as servers,
            StoreProxy(servers.s3_port) as proxy,
            started(folder, replace(servers, s3_port=proxy.port)) as stack,
        ):
            make_origin(stack.store, folder / "base")
            # A first night of twenty rows may find nothing in what it holds out, and ask.
            for number in range(BEFORE):
                deliver(stack, number)
            stack.restarts = True
            if stack.wait_for_end(stack.unpause()) != "success":
                sys.exit("the night before the first fault failed; --keep FOLDER keeps the logs")
            print(" | ".join(COLUMNS), flush=True)
            faults = [fault for fault in options.faults or FAULTS for _ in range(options.times)]
            for number, fault in enumerate(faults, options.first):
                print(run_night(stack, proxy, number, fault, options.seconds), flush=True)


if __name__ == "__main__":
    main()
