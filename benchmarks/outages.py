"""Nights on the stack of the composition, each with one part of it killed, hung or restarted.

    python benchmarks/outages.py [--seconds 60] [FAULT …]

Starts PostgreSQL, Redis, Ceph and Airflow with two Celery workers as `make test-production` does, and runs a
night of two batches for each fault. Prints what of the store was lost (delivered, and not in the lineage of
production), doubled (twice in that lineage, or a second version with one number) and wrong (what `model
verify` finds), the minutes that the night took, how it ended, and how many tries its tasks took beyond the
first. A night without a fault comes first, to compare.
"""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from techner.formats import write_examples
from techner.registry import Registry
from techner.registry.verify import verify_store
from tests.production.servers import POSTGRES, REDIS, S3, served
from tests.production.stack import CENTRAL, Stack, started
from tests.up import DAG
from tests.world import make_origin, tech_batch, train_base

EPOCHS = 10
"""Enough that a training is under way when its worker is killed."""
STAGES = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish")
Fault = Callable[[Stack, str, float], None]
"""Happens to the stack during a night of this id; what is down or hangs does so for the seconds given."""


def wait_for_stage(stack: Stack, run_id: str, stage: str) -> str:
    """Return the worker on which a task of the night has begun; a training has a checkpoint by then."""

    def found() -> str | None:
        if stage == "uptrain" and not [*stack.store.list(f"runs/{run_id}/checkpoint")]:
            return None
        workers = (name for name in stack.machines.names if name not in CENTRAL)
        return next((name for name in workers if stack.logs(name, run_id, stage)), None)

    return str(stack.wait_for(found, f"{stage} to begin", run_id=run_id))


def worker_killed(stage: str) -> Fault:
    """Kill the worker of a stage; another takes its place, with an empty disk."""

    def happen(stack: Stack, run_id: str, _: float) -> None:
        name = wait_for_stage(stack, run_id, stage)
        stack.machines.kill(name)
        service = name.partition("-")[0]
        stack.start_worker(f"{service}-after-{run_id}", service)

    return happen


def restarted(part: str, stage: str) -> Fault:
    def happen(stack: Stack, run_id: str, _: float) -> None:
        wait_for_stage(stack, run_id, stage)
        machines = stack.servers.machines if part in stack.servers.machines.names else stack.machines
        machines.restart(part)

    return happen


def store_down(stage: str) -> Fault:
    def happen(stack: Stack, run_id: str, seconds: float) -> None:
        wait_for_stage(stack, run_id, stage)
        machines = stack.servers.machines
        name = next(name for name in reversed(machines.names) if name.startswith(S3))
        for pid in machines.pids(name, "radosgw"):
            os.kill(pid, signal.SIGKILL)
        time.sleep(seconds)
        command = ("radosgw", "--conf", str(stack.servers.ceph / "ceph.conf"), "-n", "client.rgw", "-f")
        machines.start(f"{S3}-after-{run_id}", command, os.environ)

    return happen


def store_hung(stage: str) -> Fault:
    def happen(stack: Stack, run_id: str, seconds: float) -> None:
        wait_for_stage(stack, run_id, stage)
        machines = stack.servers.machines
        name = next(name for name in reversed(machines.names) if name.startswith(S3))
        with machines.hung(name, "radosgw"):
            time.sleep(seconds)

    return happen


FAULTS: dict[str, Fault] = {
    "none": lambda *_: None,
    **{f"worker killed in {stage}": worker_killed(stage) for stage in STAGES},
    **{f"store hung in {stage}": store_hung(stage) for stage in ("admit", "uptrain", "publish")},
    **{f"store down in {stage}": store_down(stage) for stage in ("admit", "uptrain", "publish")},
    "PostgreSQL killed in admit": restarted(POSTGRES, "admit"),
    "Redis killed in admit": restarted(REDIS, "admit"),
    "scheduler killed in admit": restarted("scheduler", "admit"),
    "api-server killed in admit": restarted("api-server", "admit"),
}


def run_night(stack: Stack, number: int, fault: Fault, seconds: float) -> str:
    """Run the night of this number with its fault, and return its line of the table."""
    for part in (0, 1):
        begin = 20 * number + 10 * part
        rows = write_examples(tech_batch(begin, begin + 10))
        stack.store.create(f"inbox/{number:02}-{part}.jsonl", rows)
    run_id = stack.begin(f"night-{number}", epochs=EPOCHS)
    begun = time.monotonic()
    fault(stack, run_id, seconds)
    state = stack.wait_for_end(run_id)
    minutes = (time.monotonic() - begun) / 60
    tries = stack.client.get(f"{DAG}/dagRuns/{run_id}/taskInstances").json()["task_instances"]
    again = sum(max(0, task["try_number"] - 1) for task in tries)
    return f"{' | '.join(map(str, look(stack, number)))} | {minutes:.1f} | {state} | {again}"


def look(stack: Stack, number: int) -> tuple[int, int, int]:
    """Return how much is lost, doubled and wrong after the night of this number."""
    registry = Registry(stack.store)
    learnt = [batch.name for batch in registry.production()[1].lineage.batches]
    delivered = {f"{night:02}-{part}.jsonl" for night in range(number + 1) for part in (0, 1)}
    versions = [len([*registry.versions_at(place)]) for place in range(number + 2)]
    doubled = len(learnt) - len(set(learnt)) + sum(max(0, found - 1) for found in versions)
    wrong = [*verify_store(stack.store, registry.versions())]
    return len(delivered - set(learnt)), doubled, len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of: {', '.join(FAULTS)}; all by default")
    parser.add_argument("--seconds", type=float, default=60, help="how long the store is down or hangs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        train_base(folder / "base")
        with served(folder) as servers, started(folder, servers) as stack:
            make_origin(stack.store, folder / "base")
            stack.restarts = True
            stack.wait_for_end(stack.unpause())  # of the schedule: nothing is due
            print("fault | lost | doubled | wrong | minutes | ended | tries more")
            for number, name in enumerate(options.faults or FAULTS):
                print(f"{name} | {run_night(stack, number, FAULTS[name], options.seconds)}", flush=True)


if __name__ == "__main__":
    main()
