"""A running Airflow, as the tests of the browser use it: its address, users, nights and store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from techner.night.order import TASKS
from techner.registry import Registry
from tests.browser.store import ask_again, settings
from tests.up import DAG, log_in, password, reserved_port, running, taken, task_states
from tests.waiting import LIMIT_S, until
from tests.world import World

USERS = ("admin", "viewer")
ASK_AIRFLOW_S = 0.2
BEFORE_ASK = (*TASKS, "route")


@dataclass(frozen=True)
class Airflow:
    """All components of Airflow on one machine, with a DAG that is paused at first."""

    address: str
    state: Path
    client: httpx.Client
    """Logged in as `admin`."""
    world: World

    @property
    def production(self) -> str:
        return Registry(self.world.store).production()[0]

    def password(self, user: str) -> str:
        return password(self.state, user)

    def token(self, user: str) -> str:
        return log_in(self.address, self.state, user)

    def ask(self, run_id: str) -> str:
        """Bring a run to its question, and return its address in the API; the DAG must have been unpaused."""
        with self.paused():
            run = self.prepare(run_id)
        self.wait_for_question(run)
        return run

    def prepare(self, run_id: str) -> str:
        """Make a run that asks as soon as the DAG, paused now, is not; return its address in the API.

        Its tasks before the question are marked as done, on the documents of a run that was made before: what
        `ask` meets does not depend on them, and they would take a minute.
        """
        ask_again(self.world, run_id)
        run = f"{DAG}/dagRuns/{run_id}"
        self._send("POST", f"{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        for task in BEFORE_ASK:
            self._send("PATCH", f"{run}/taskInstances/{task}", {"new_state": "success"})
        self._send("PATCH", f"{run}/taskInstances/dry_run", {"new_state": "skipped"})  # as `route` would
        return run

    @contextmanager
    def dag_run(self, run_id: str) -> Iterator[None]:
        """Let Airflow know a run in the block; it begins only if the DAG is not paused."""
        self._send("POST", f"{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        yield
        self.client.delete(f"{DAG}/dagRuns/{run_id}").raise_for_status()

    def end(self, run_id: str, state: str) -> None:
        """Mark a run as ended."""
        self._send("PATCH", f"{DAG}/dagRuns/{run_id}", {"state": state})

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let no run begin in the block; afterwards the DAG is as it was."""
        was_paused = until(lambda: taken(self.client.get(DAG)), "the state of the DAG").json()["is_paused"]
        self._pause(is_paused=True)
        try:
            yield
        finally:
            self._pause(is_paused=was_paused)

    def unpause(self) -> str:
        """Let the nights run; return the address of the scheduled one, which begins at once."""
        self._pause(is_paused=False)
        runs = f"{DAG}/dagRuns"
        found = until(
            lambda: (answer := taken(self.client.get(runs))) and answer.json()["dag_runs"],
            "the night of the schedule to begin",
        )
        return f"{runs}/{found[0]['dag_run_id']}"

    def wait_for_question(self, *runs: str) -> str:
        """Return the first of these runs that asks, once one does."""
        return until(
            lambda: next((run for run in runs if self._asks(run)), ""),
            "the gate to ask",
            every_s=ASK_AIRFLOW_S,
            last_seen=lambda: [task_states(self.client, run) for run in runs],
        )

    def _asks(self, run: str) -> bool:
        return self.client.get(f"{run}/taskInstances/ask/-1/hitlDetails").status_code == httpx.codes.OK

    def wait_for_end(self, run: str) -> dict[str, str]:
        """Return the states of the tasks once the run has ended, well or not."""
        until(
            lambda: (
                (answer := taken(self.client.get(run))) and answer.json()["state"] in ("success", "failed")
            ),
            "the night to end",
            every_s=ASK_AIRFLOW_S,
            last_seen=lambda: task_states(self.client, run),
        )
        return task_states(self.client, run)

    def _pause(self, *, is_paused: bool) -> None:
        self._send("PATCH", DAG, {"is_paused": is_paused})

    def _send(self, method: str, path: str, body: Mapping[str, object]) -> None:
        sent = until(
            lambda: taken(self.client.request(method, path, json=body)), f"{method} {path} to be taken"
        )
        sent.raise_for_status()


@contextmanager
def started(state: Path, world: World) -> Iterator[Airflow]:
    """Start Airflow on the store of `state`; it ends with the block."""
    users = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{user}" for user in USERS)}
    with reserved_port() as port, running(state, port, settings() | users):
        address = f"http://127.0.0.1:{port}"
        login = {"Authorization": f"Bearer {log_in(address, state)}"}
        with httpx.Client(base_url=address, headers=login, timeout=LIMIT_S) as client:
            until(lambda: client.get(DAG).status_code == httpx.codes.OK, "the DAG to be parsed")
            yield Airflow(address, state, client, world)
