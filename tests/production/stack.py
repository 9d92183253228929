"""The running stack, as tests see it: its API, its workers with a disk each, and the store that all share."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from techner.store import Store, open_store
from techner.store.login import S3Login
from tests.production.composition import STORE, command, environment
from tests.production.machines import Machines
from tests.production.servers import KEY_ID, NET_S, SECRET, Servers
from tests.up import DAG, ROOT, reserved_port, task_states
from tests.waiting import LIMIT_S, until

T = TypeVar("T")
CENTRE = "centre"
"""The disk of all that is no worker."""
CENTRAL = ("api-server", "scheduler", "dag-processor", "triggerer")
INITIALISE = (sys.executable, str(ROOT / "docker" / "initialise.py"))
QUEUES = {"worker": "default", "trainer": "default,train"}
"""Of each kind of worker: batches are to be examined on both."""


@dataclass
class Stack:
    folder: Path
    servers: Servers
    machines: Machines
    """The components of Airflow."""
    api_port: int
    health_port: int
    client: httpx.Client = field(default_factory=httpx.Client)
    """Logged in as `admin`, once the API answers."""
    restarts: bool = False
    """Whether a component that ends is started again, as in the composition; without, that is a failure."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def store(self) -> Store:
        login = S3Login(access_key=KEY_ID, secret_key=SECRET, region="us-east-1")
        return open_store(STORE, s3_endpoint=self.servers.endpoint, login=login)

    def log_in(self, user: str) -> httpx.Client:
        """Return a client of Airflow's API and of the pages."""
        login = {"username": user, "password": SECRET}
        answer = httpx.post(f"{self.address}/auth/token", json=login, timeout=LIMIT_S)
        answer.raise_for_status()
        authorised = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=self.address, headers=authorised, timeout=LIMIT_S)

    def environment(self, disk: str) -> dict[str, str]:
        home = self.folder / disk
        home.mkdir(exist_ok=True)
        return environment(home, self.servers, api_port=self.api_port, health_port=self.health_port)

    def start_worker(self, name: str, service: str, more: Mapping[str, str] | None = None) -> None:
        """Start a worker like that of a service, on an empty disk; `more` of the environment is its own."""
        words = command(service)
        words[words.index("--queues") + 1] = QUEUES[service]
        environment = self.environment(name) | dict(more or {})
        self.machines.start(name, [*words, "--celery-hostname", f"{name}@%h"], environment)

    def logs(self, worker: str, run_id: str, task: str) -> list[str]:
        """Return the logs of the tries of a task that began on a worker: they are on its disk alone.

        An empty log is of a task that the worker was given, and that Airflow did not let it begin.
        """
        found = (self.folder / worker / "logs").glob(f"*/run_id={run_id}/task_id={task}/**/*.log")
        return [path.read_text(encoding="utf-8") for path in sorted(found) if path.stat().st_size]

    def unpause(self) -> str:
        """Let the nights run; return the id of the scheduled one, which begins at once."""
        self.client.patch(DAG, json={"is_paused": False}).raise_for_status()
        runs = self.wait_for(
            lambda: self.client.get(f"{DAG}/dagRuns").json()["dag_runs"], "the night to begin"
        )
        return str(runs[0]["dag_run_id"])

    def begin(self, run_id: str, **options: object) -> str:
        """Start a night, and return its id."""
        night = {"dag_run_id": run_id, "logical_date": None, "conf": options}
        self.client.post(f"{DAG}/dagRuns", json=night).raise_for_status()
        return run_id

    def states(self, run_id: str) -> dict[str, str]:
        return task_states(self.client, f"{DAG}/dagRuns/{run_id}")

    def wait_for(self, condition: Callable[[], T], what: str, *, run_id: str = "", every_s: float = 0.5) -> T:
        """Return what `condition` gives as soon as it is true."""

        def met() -> T:
            if self.restarts:
                self.machines.restart_ended()
            self.machines.require_running()
            return condition()

        def seen() -> object:
            return run_id and self.states(run_id)

        return until(met, what, within_s=NET_S, every_s=every_s, last_seen=seen)

    def keep_up(self, until: float) -> None:
        """Let time pass until a moment of the monotonic clock."""
        self.wait_for(lambda: time.monotonic() > until, "its moment")

    def end_of(self, run_id: str) -> str | None:
        """Return the state of a run if it is known to have ended, well or not."""
        with suppress(httpx.TransportError):  # a fault may befall the API too
            found = self.client.get(f"{DAG}/dagRuns/{run_id}")
            state = found.json()["state"] if found.is_success else None
            return state if state in ("success", "failed") else None
        return None

    def wait_for_end(self, run_id: str) -> str:
        """Return the state of a run once it has ended."""
        return str(self.wait_for(lambda: self.end_of(run_id), f"{run_id} to end", run_id=run_id))


@contextmanager
def started(folder: Path, servers: Servers) -> Iterator[Stack]:
    """Start Airflow, with a worker for the default queue and one for both; the DAG is paused."""
    with ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        machines = stack.enter_context(Machines(folder, grace_s=0))
        running = Stack(folder, servers, machines, ports[0], ports[1])
        centre = running.environment(CENTRE)
        subprocess.run(INITIALISE, env=centre, check=True, capture_output=True, cwd=folder)
        for service in CENTRAL:
            machines.start(service, command(service), centre)
        running.start_worker("worker", "worker")
        running.start_worker("trainer", "trainer")
        running.wait_for(lambda: _is_healthy(running), "Airflow to be healthy")
        running.client = stack.enter_context(running.log_in("admin"))
        running.wait_for(
            lambda: running.client.get(DAG).status_code == httpx.codes.OK, "the DAG to be parsed"
        )
        yield running


def _is_healthy(stack: Stack) -> bool:
    try:
        health = httpx.get(f"{stack.address}/api/v2/monitor/health", timeout=10).json()
    except httpx.TransportError:
        return False  # not up yet
    return all(part["status"] == "healthy" for part in health.values())
