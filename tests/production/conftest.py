"""One stack and its first nights, which all tests here look at, in one process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from techner.formats import write_examples
from tests.production.pollers import Answers, ask
from tests.production.servers import S3, Servers, require_servers, served
from tests.production.stack import Stack, started
from tests.world import make_origin, tech_batch

BATCHES, ROWS = 24, 8
EPOCHS = 10
"""Of the training that loses its worker: enough that it is killed before it is done."""


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the tests alone unless they are asked for, also where another suite is named."""
    return None if config.getoption("markexpr") == "production" else True


@dataclass(frozen=True)
class Night:
    run_id: str
    state: str
    """Success or failed, as Airflow has it."""


@dataclass(frozen=True)
class FirstNight(Night):
    """A night of many batches, of a store that hung while they were examined."""

    beside_hung_store: Answers


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which all parts write what they do."""
    return tmp_path_factory.mktemp("production")


@pytest.fixture(scope="session")
def servers(logs: Path) -> Iterator[Servers]:
    require_servers()
    with served(logs) as running:
        yield running


@pytest.fixture(scope="session")
def stack(base_model: Path, servers: Servers, logs: Path) -> Iterator[Stack]:
    """Return the stack with an origin; the DAG is paused."""
    with started(logs, servers) as running:
        make_origin(running.store, base_model)
        yield running


@pytest.fixture(scope="session")
def first_night(stack: Stack) -> FirstNight:
    """Unpause the DAG on 24 batches, and let the store hang for a while after the first of them."""
    with ThreadPoolExecutor(4) as aside:
        for number in range(BATCHES):
            rows = tech_batch(ROWS * number, ROWS * (number + 1))
            aside.submit(stack.store.create, f"inbox/{number:02}.jsonl", write_examples(rows))
    run_id = stack.unpause()
    stack.wait_for(
        lambda: all(stack.logs(worker, run_id, "admit") for worker in ("worker", "trainer")),
        "both workers to examine a batch",
        run_id=run_id,
    )
    with stack.servers.machines.hung(S3, "radosgw"):
        answers = ask(stack.address, stack.client.headers)
    return FirstNight(run_id, stack.wait_for_end(run_id), answers)


@pytest.fixture(scope="session")
def night_of_a_killed_worker(stack: Stack, first_night: FirstNight) -> Night:
    """Kill the worker that trains after its first checkpoint; another takes its place, with an empty disk."""
    del first_night  # one night works at a time
    stack.store.create("inbox/next.jsonl", write_examples(tech_batch(300, 340)))
    run_id = stack.begin("killed", epochs=EPOCHS)
    stack.wait_for(lambda: [*stack.store.list(f"runs/{run_id}/checkpoint")], "a checkpoint", run_id=run_id)
    stack.machines.kill("trainer")
    stack.start_worker("trainer-2", "trainer")
    return Night(run_id, stack.wait_for_end(run_id))
