"""Append-only logs: one writer wins a generation, nothing is lost, lost answers are settled."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from techner.core.errors import IntegrityError, ObjectExists, StoreError
from techner.core.records import Generation
from techner.registry.log import Log
from techner.store import MemoryStore, Store
from tests.registry.making import generation

WRITERS, MOVES = 6, 4


def log_of(store: Store) -> Log[Generation]:
    return Log(store, "aliases/production", Generation)


class LosesAnswers(MemoryStore):
    """Every create goes through, and its answer is lost."""

    def create(self, key: str, data: bytes) -> None:
        super().create(key, data)
        raise StoreError("timed out")


class RetriesInside(MemoryStore):
    """Every create goes through, and is sent once more by a client that missed the answer."""

    def create(self, key: str, data: bytes) -> None:
        super().create(key, data)
        super().create(key, data)


class Unreachable(MemoryStore):
    """No create goes through."""

    def create(self, key: str, data: bytes) -> None:
        raise StoreError(f"timed out with {len(data)} bytes of {key}")


def test_empty_log_has_no_newest_record(store: Store) -> None:
    assert log_of(store).newest() is None


def test_records_come_newest_first(store: Store) -> None:
    log = log_of(store)
    for number in range(12):
        assert log.append(generation(f"g{number}"), after=number)
    expected = [(number + 1, f"g{number}") for number in reversed(range(12))]
    assert [(number, record.id) for number, record in log.records()] == expected


def test_newest_is_the_last_one_appended(store: Store) -> None:
    log = log_of(store)
    for number in range(3):
        log.append(generation(f"g{number}"), after=number)
    assert log.newest() == (3, generation("g2"))


def test_generation_that_is_taken_is_not_won(store: Store) -> None:
    log = log_of(store)
    log.append(generation("first"), after=0)
    assert log.append(generation("second"), after=0) is False
    assert log.newest() == (1, generation("first"))


def test_logs_of_neighbouring_names_do_not_mix(store: Store) -> None:
    Log(store, "aliases/production-eu", Generation).append(generation("eu"), after=0)
    assert log_of(store).newest() is None


def test_racing_appends_lose_no_record(store: Store) -> None:
    def write(writer: int) -> None:
        log = log_of(store)
        for move in range(MOVES):
            record = generation(f"{writer}-{move}")
            while True:
                newest = log.newest()
                if log.append(record, after=newest.generation if newest else 0):
                    break

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    records = list(log_of(store).records())
    assert [number for number, _ in records] == list(range(WRITERS * MOVES, 0, -1))
    assert {record.id for _, record in records} == {f"{w}-{m}" for w in range(WRITERS) for m in range(MOVES)}


def test_append_whose_answer_got_lost_is_won() -> None:
    store = LosesAnswers()
    assert log_of(store).append(generation("mine"), after=0) is True
    assert log_of(store).newest() == (1, generation("mine"))


def test_append_that_was_retried_inside_the_client_is_won() -> None:
    store = RetriesInside()
    assert log_of(store).append(generation("mine"), after=0) is True


def test_lost_answer_to_a_generation_of_another_writer_is_never_a_win() -> None:
    class OthersFirst(MemoryStore):
        def create(self, key: str, data: bytes) -> None:
            with pytest.raises(ObjectExists):
                super().create(key, data)
            raise StoreError("timed out")

    store = OthersFirst()
    rival = MemoryStore()
    log_of(rival).append(generation("rival"), after=0)
    for entry in rival.list():
        store.put(entry.key, rival.get(entry.key))
    with pytest.raises(StoreError, match="timed out"):
        log_of(store).append(generation("mine"), after=0)


def test_append_that_never_arrived_says_try_again() -> None:
    with pytest.raises(StoreError, match="neither succeeded nor failed; try again"):
        log_of(Unreachable()).append(generation("mine"), after=0)


def test_record_that_is_no_record_is_an_integrity_error(store: Store) -> None:
    log = log_of(store)
    log.append(generation("g"), after=0)
    key = next(store.list()).key
    store.put(key, b'{"id": "g"}')
    with pytest.raises(IntegrityError, match="is not a Generation"):
        log.newest()


def test_a_record_in_a_folder_of_the_log_is_not_taken_for_its_newest() -> None:
    store = MemoryStore()
    log_of(store).append(generation("g"), after=0)
    key = next(store.list()).key
    store.put(key.replace("production/", "production/000/"), store.get(key))
    with pytest.raises(IntegrityError, match="is not a record of a log"):
        log_of(store).newest()
