"""Nights of the composition: two workers, a store that hangs, a worker that is killed, a wrong secret."""

from http import HTTPStatus

import pytest

from techner.core.manifest import Manifest
from techner.core.records import RunOutcome
from techner.registry import Registry
from techner.runs.judgements import find_judged
from tests.production.conftest import BATCHES, FirstNight, Night
from tests.production.servers import SECRET
from tests.production.stack import Stack

pytestmark = [pytest.mark.production, pytest.mark.timeout(1800)]
WORKERS = ("worker", "trainer")


def made_by(stack: Stack, night: Night) -> Manifest:
    """Return the manifest of the version that a night promoted."""
    judgement, _ = find_judged(stack.store, night.run_id)
    assert judgement
    assert judgement.outcome is RunOutcome.PROMOTED, judgement.reason
    assert judgement.version
    return Registry(stack.store).manifest(judgement.version)


def test_a_night_promotes_every_batch_once(stack: Stack, first_night: FirstNight) -> None:
    assert first_night.state == "success"
    learnt = [batch.name for batch in made_by(stack, first_night).lineage.batches]
    assert sorted(learnt) == [f"{number:02}.jsonl" for number in range(BATCHES)]


def test_every_batch_is_examined_once_by_one_of_two_workers(stack: Stack, first_night: FirstNight) -> None:
    examined = [len(stack.logs(worker, first_night.run_id, "admit")) for worker in WORKERS]
    assert all(examined)
    assert sum(examined) == BATCHES


def test_each_worker_imports_once_what_its_tasks_need(stack: Stack, first_night: FirstNight) -> None:
    assert first_night.state == "success"
    for worker in WORKERS:
        log = (stack.folder / f"{worker}.log").read_text(encoding="utf-8")
        assert log.count("imported once what the tasks of a night need") == 1


def test_training_is_done_by_the_worker_of_its_queue(stack: Stack, first_night: FirstNight) -> None:
    assert [len(stack.logs(worker, first_night.run_id, "uptrain")) for worker in WORKERS] == [0, 1]


def test_airflow_answers_while_the_store_hangs_and_others_poll(first_night: FirstNight) -> None:
    """Where pages hold up Airflow's own routes, each answer takes 15 seconds."""
    assert first_night.beside_hung_store.median_ms < 1000, first_night.beside_hung_store
    assert set(first_night.beside_hung_store.told) <= {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    assert first_night.beside_hung_store.told[HTTPStatus.SERVICE_UNAVAILABLE]


def test_a_training_goes_on_with_another_worker_where_one_was_killed(
    stack: Stack, night_of_a_killed_worker: Night
) -> None:
    run_id = night_of_a_killed_worker.run_id
    assert night_of_a_killed_worker.state == "success"
    [second_try] = stack.logs("trainer-2", run_id, "uptrain")
    assert f"training goes on from runs/{run_id}/checkpoint" in second_try


def test_a_killed_worker_loses_and_doubles_nothing(stack: Stack, night_of_a_killed_worker: Night) -> None:
    made = made_by(stack, night_of_a_killed_worker)
    learnt = [batch.digest for batch in made.lineage.batches]
    assert len(learnt) == len(set(learnt)) == BATCHES + 1
    assert [len(list(Registry(stack.store).versions_at(number))) for number in range(3)] == [1, 1, 1]
    assert Registry(stack.store).log().length() == 3


@pytest.mark.usefixtures("night_of_a_killed_worker")
def test_a_wrong_secret_fails_the_night_at_once_in_one_sentence(stack: Stack) -> None:
    stack.servers.set_secret("another")
    try:
        run_id = stack.begin("locked-out")
        assert stack.wait_for_end(run_id) == "failed"
        told = [text for worker in ("worker", "trainer-2") for text in stack.logs(worker, run_id, "plan")]
    finally:
        stack.servers.set_secret(SECRET)
    assert len(told) == 1  # no second try
    assert "the secret does not belong to the access key" in told[0]
