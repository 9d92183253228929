"""What befalls the stack of the composition in a night of `outages.py`."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from benchmarks.outage_night import STAGES, WORKERS, Night, rows_of
from benchmarks.outage_states import STATES, State, down
from techner.formats import write_examples
from techner.registry import Registry
from tests.production.composition import command
from tests.production.pollers import ask
from tests.production.servers import POSTGRES, REDIS, S3
from tests.production.stack import CENTRAL, CENTRE
from tests.waiting import until

CLOCK_OFF = {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
_PARTS = (POSTGRES, REDIS, *CENTRAL)
Fault = Callable[[Night], object]


def in_every_stage(fault: Callable[[str], Fault]) -> Fault:
    """Let a fault befall each stage of one night."""

    def happen(night: Night) -> None:
        for stage in STAGES:
            fault(stage)(night)

    return happen


def worker_killed(stage: str) -> Fault:
    return lambda night: night.replace_worker(night.wait_for(stage))


def worker_killed_as_it_takes_up(stage: str) -> Fault:
    """Kill the trainer when it has the message of a task that Airflow does not know to be running yet."""

    def happen(night: Night) -> None:
        [name] = (name for name in night.workers() if name.startswith("trainer"))
        log = night.stack.folder / f"{name}.log"
        until(
            lambda: night.stack.states(night.run_id).get(stage) == "queued",
            f"{stage} to be queued",
            within_s=900,
        )
        before = log.read_text().count("] received")
        until(lambda: log.read_text().count("] received") > before, f"{name} to take it up", every_s=0.01)
        night.replace_worker(name)

    return happen


def restarted(stage: str, parts: tuple[str, ...]) -> Fault:
    """Kill parts of Airflow, or what it is built on, all at once, and start them again on the same disks."""

    def happen(night: Night) -> None:
        worker = night.wait_for(stage)
        if "worker" in parts:
            night.killed.append(datetime.now(UTC))
        names = {worker if part == "worker" else part for part in parts}
        for machines in (night.stack.machines, night.stack.servers.machines):
            machines.restart(*(name for name in machines.names if name in names))

    return happen


def lasting(stage: str, state: State) -> Fault:
    def happen(night: Night) -> None:
        night.wait_for(stage)
        with state(night):
            time.sleep(night.seconds)

    return happen


def clocks_off(minutes: int) -> Fault:
    """Let the clocks of both workers be wrong for some seconds."""

    def happen(night: Night) -> None:
        night.wait_for("admit")
        for name in night.workers():
            night.replace_worker(name, CLOCK_OFF | {"FAKETIME": f"{minutes:+}m"})
        night.stack.keep_up(until=time.monotonic() + night.seconds)
        for name in night.workers():
            night.replace_worker(name)

    return happen


def two_schedulers(night: Night) -> None:
    """Run a second scheduler beside the first, and kill the first while the night trains."""
    other = night.stack.environment(CENTRE) | {"AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False"}
    night.stack.machines.start("scheduler-2", command("scheduler"), other)
    night.wait_for("uptrain")
    night.stack.machines.restart("scheduler")
    night.stack.wait_for_end(night.run_id)
    night.stack.machines.kill("scheduler-2")


def second_night(night: Night) -> None:
    night.wait_for("plan")
    night.beside.append(night.stack.begin(f"{night.run_id}-beside"))


def command_line(night: Night, *words: str) -> None:
    """Run a command of techner on a disk of its own."""
    call = (sys.executable, "-c", "from techner.cli import main; main()", *words)
    environment = night.stack.environment("command-line")
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    print(
        f"  {' '.join(words)}: exit code {done.returncode}, {done.stderr.strip().splitlines()[-1:]}",
        flush=True,
    )


def night_by_command(night: Night) -> None:
    night.wait_for("admit")
    command_line(night, "run", "night")


def rollback(night: Night) -> None:
    live, _ = Registry(night.stack.store).production()
    night.wait_for("publish")
    command_line(night, "model", "rollback", "--why", f"during {night.run_id}, from {live}")


def batch_overwritten(night: Night) -> None:
    """Deliver other rows under a name that is being examined."""
    night.wait_for("admit")
    night.stack.store.put(f"inbox/{night.number:02}-1.jsonl", write_examples(rows_of(night.number, part=2)))


def hung_beside_pollers(night: Night) -> None:
    """Time Airflow's own API while the store hangs and 60 services ask for the alias."""
    night.wait_for("admit")
    with STATES["store hung"](night):
        answers = ask(night.stack.address, night.stack.client.headers, least=300)
    told = ", ".join(f"{times} × {status}" for status, times in answers.told.items())
    figures = f"median {answers.median_ms:.0f}, 95 % {answers.slow_ms:.0f} ms"
    print(f"  Airflow's API: {len(answers.beside_ms)} answers, {figures}; pollers: {told}", flush=True)


def random_kills(night: Night) -> None:
    """Kill one to three parts at random moments of the night's first 90 seconds, whatever they do then."""
    chance = random.Random(night.number)  # noqa: S311 - chosen, not secret
    began = time.monotonic()
    for after_s in sorted(chance.uniform(0, 90) for _ in range(chance.randint(1, 3))):
        night.stack.keep_up(until=began + after_s)
        part = chance.choice((*WORKERS, *_PARTS, S3))
        print(f"  {part} killed after {after_s:.0f} s", flush=True)
        if part in WORKERS:
            night.replace_worker(next(name for name in night.workers() if name.startswith(part)))
        elif part == S3:
            with STATES["store down"](night):
                pass
        else:
            machines = night.stack.machines if part in CENTRAL else night.stack.servers.machines
            machines.restart(part)


_IN_STAGES: dict[str, Callable[[str], Fault]] = {
    "worker killed": worker_killed,
    **{name: partial(lasting, state=state) for name, state in STATES.items()},
    **{f"{part} down": partial(lasting, state=down(part)) for part in _PARTS},
    **{f"{part} killed": partial(restarted, parts=(part,)) for part in _PARTS},
    "scheduler, worker killed": partial(restarted, parts=("scheduler", "worker")),
    "all but the store killed": partial(restarted, parts=(*_PARTS, "worker")),
}
FAULTS: dict[str, Fault] = {
    "none": lambda _: None,
    **{f"{name} in {stage}": fault(stage) for name, fault in _IN_STAGES.items() for stage in STAGES},
    **{f"{name} in every stage": in_every_stage(fault) for name, fault in _IN_STAGES.items()},
    "worker killed as it takes up uptrain": worker_killed_as_it_takes_up("uptrain"),
    "clocks 20 min ahead": clocks_off(20),
    "clocks 20 min behind": clocks_off(-20),
    "two schedulers, one killed": two_schedulers,
    "two nights": second_night,
    "a night by command line": night_by_command,
    "rollback in publish": rollback,
    "batch overwritten in admit": batch_overwritten,
    "store hung beside 60 pollers": hung_beside_pollers,
    "random kills": random_kills,
}
