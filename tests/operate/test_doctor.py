"""The doctor: what is wrong with a store, in its own words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from techner.core.delivery import BatchRef
from techner.core.errors import NotInitialised, StoreError
from techner.core.eviction import EvictionPolicy
from techner.core.policy import GatePolicy
from techner.core.run_documents import Reserved
from techner.core.verdict import Verdict
from techner.documents import dump
from techner.inbox.survey import BatchState, Status
from techner.night.reject import reject
from techner.operate.aspects import held, left_behind, room, room_in
from techner.operate.doctor import Diagnosis, diagnose
from techner.operate.surroundings import (
    clocks,
    longest_wait,
    same_libraries,
    store_room,
    store_room_in,
)
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.workspace import Workspace
from techner.runs.judgements import judgements
from techner.runs.reservation import CONDEMNED, Condemned
from techner.store import FolderStore, MemoryStore, Stored
from tests.evaluation.making import LOST
from tests.world import POLICIES, WHEN, WORD, World, tech_batch


def faults(found: Diagnosis) -> dict[str, str]:
    return {finding.what: finding.detail for finding in found.aspects if not finding.is_well}


def detail(found: Diagnosis, what: str) -> str:
    return next(finding.detail for finding in found.aspects if finding.what == what)


def test_a_sound_store_has_no_fault(promoted: World) -> None:
    assert faults(diagnose(promoted.workspace, POLICIES, now=WHEN)) == {}


def test_looking_changes_nothing(promoted: World) -> None:
    before = list(promoted.store.list())
    diagnose(promoted.workspace, POLICIES, now=WHEN)
    assert list(promoted.store.list()) == before


def test_a_store_without_a_model_cannot_be_examined(world: World) -> None:
    with pytest.raises(NotInitialised):
        diagnose(Workspace(store=MemoryStore(), cache=world.cache), POLICIES, now=WHEN)


def test_a_damaged_file_of_production_is_named(promoted: World) -> None:
    entry = Registry(promoted.store).production()[1].files[0]
    promoted.store.put(blob_key(entry.sha256), b"damaged")
    fresh = World(promoted.store, promoted.cache / "fresh")  # a whole copy in the cache proves nothing
    assert entry.path in faults(diagnose(fresh.workspace, POLICIES, now=WHEN))["production"]


def test_a_store_that_overwrites_is_named(promoted: World) -> None:
    class Overwriting(MemoryStore):
        def create(self, key: str, data: bytes) -> None:
            self.put(key, data)

    store = Overwriting()
    for entry in promoted.store.list():
        store.put(entry.key, promoted.store.get(entry.key))
    found = faults(diagnose(Workspace(store=store, cache=promoted.cache), POLICIES, now=WHEN))
    assert set(found) == {"create-only writes"}


def test_due_batches_are_counted(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 220))
    found = diagnose(promoted.workspace, POLICIES, now=WHEN)
    assert detail(found, "batches").startswith("1 due (1 in production, 1 pending); second.jsonl has waited")


def test_a_holdout_that_makes_every_night_ask_is_named(promoted: World) -> None:
    policies = replace(POLICIES, gate=replace(POLICIES.gate, min_support=100_000))
    assert "the gate asks" in faults(diagnose(promoted.workspace, policies, now=WHEN))["holdout"]


def test_a_regression_set_too_small_for_its_margin_is_told_from_the_last_run(promoted: World) -> None:
    policies = replace(POLICIES, gate=GatePolicy(micro_margin=0.0001))
    found = diagnose(promoted.workspace, policies, now=WHEN)
    micro = next(reach for reach in found.reaches if reach.check == "pretrained micro F1")
    assert micro.is_measured
    assert (micro.needed or 0) > micro.support
    assert not found.is_enough


def test_sets_that_are_large_enough_are_said_to_be(promoted: World) -> None:
    assert diagnose(promoted.workspace, POLICIES, now=WHEN).is_enough


def test_a_judgement_of_an_older_techner_is_read_though_it_counts_no_refusals(judged: World) -> None:
    log = judgements(judged.store)
    reject(judged.run("run-2"), WORD)
    newest = log.newest()
    assert newest
    older = replace(newest.record, id="older", not_promoted=0, verdict=Verdict(checks=(LOST,)))
    assert log.append(older, after=log.length())
    assert diagnose(judged.workspace, POLICIES, now=WHEN).reaches


def test_too_little_room_for_a_night_is_a_fault_with_what_to_do(promoted: World) -> None:
    assert room_in(promoted.cache, 100_000_000, free_bytes=400_000_000).is_well
    short = room_in(promoted.cache, 100_000_000, free_bytes=399_000_000)
    assert not short.is_well
    assert "399 MB free, and a night needs some 400 MB: free space there" in short.detail


def test_the_cache_is_told_against_its_bound(promoted: World) -> None:
    size_bytes = Registry(promoted.store).production()[1].size_bytes
    said = detail(diagnose(promoted.workspace, POLICIES, now=WHEN), "cache")
    assert re.search(r"; it holds \d+ MB of at most 20000 MB \(eviction.max_bytes\)$", said)
    small = held(promoted.cache, EvictionPolicy(max_bytes=2 * size_bytes - 1), size_bytes)
    assert not small.is_well
    assert "each task fetches its models anew: allow at least" in small.detail
    assert held(promoted.cache, EvictionPolicy(max_bytes=2 * size_bytes), size_bytes).is_well
    assert not room(replace(promoted.workspace, eviction=EvictionPolicy(max_bytes=1)), size_bytes).is_well
    assert "of at most any number" in held(promoted.cache, EvictionPolicy(max_bytes=0), size_bytes).detail


def test_a_cache_in_which_nothing_can_be_evicted_is_a_fault(tmp_path: Path) -> None:
    record = tmp_path / "stores" / "s" / "aliases" / "production.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    damaged = held(tmp_path, EvictionPolicy(), 1)
    assert f"nothing is evicted: {record} is damaged" in damaged.detail
    record.unlink()
    (tmp_path / "models").symlink_to(tmp_path)
    linked = held(tmp_path, EvictionPolicy(), 1)
    assert f"cannot be read in {tmp_path / 'models'}" in linked.detail
    assert not damaged.is_well
    assert not linked.is_well


def test_undecided_runs_are_named_with_what_ends_them(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    promoted.until("plan", "given-up")
    found = diagnose(promoted.workspace, POLICIES, now=WHEN)
    assert detail(found, "runs") == "1 undecided (given-up): end what will never end by `techner run abandon`"
    assert "runs" not in faults(found)


def test_a_reservation_is_named_with_what_ends_it(promoted: World) -> None:
    version, manifest = Registry(promoted.store).production()
    promoted.run("killed").write(Reserved(version=version, manifest=manifest))
    said = left_behind(promoted.store, WHEN)
    assert re.search(r"reservations \(killed\): .*`techner run abandon` ends what a kill left", said.detail)
    assert said.is_well


@pytest.mark.parametrize("damaged", [b"{", b"[]"])
def test_a_damaged_document_of_a_run_is_a_fault_beside_what_else_is_found(
    promoted: World, damaged: bytes
) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    promoted.until("plan", "broken")
    promoted.store.put("runs/broken/plan.json", damaged)
    promoted.store.create("probe/left", b"")
    said = faults(diagnose(promoted.workspace, POLICIES, now=WHEN))["runs"]
    assert "runs/broken/plan.json is not" in said
    assert "scratch keys of killed processes (1)" in said


def test_an_unfinished_collection_is_a_fault_with_what_goes_on_with_it(promoted: World) -> None:
    record = Condemned(who="gc", when="2026-11-20T02:00:00+00:00", versions=(), runs=(), blobs=())
    promoted.store.create(CONDEMNED, dump(record))
    said = faults(diagnose(promoted.workspace, POLICIES, now=WHEN))["runs"]
    assert "a collection by gc began at 2026-11-20T02:00:00+00:00" in said
    assert "`techner model gc --delete --resume`" in said


def test_scratch_keys_of_killed_processes_are_counted(promoted: World) -> None:
    promoted.store.create("probe/left", b"")
    assert "scratch keys of killed processes (1)" in detail(
        diagnose(promoted.workspace, POLICIES, now=WHEN), "runs"
    )


def test_libraries_that_differ_from_those_of_production_are_named_each_with_what_to_do() -> None:
    made = {"spacy": "3.8.7", "thinc": "8.3.6", "numpy": "2.2.1", "python": "3.12.4"}
    assert same_libraries(made, made).detail == "those that made production"
    found = same_libraries(made, made | {"numpy": "2.3.0", "spacy": "3.8.2"})
    assert found.is_well
    assert "numpy is 2.3.0, and production was made with 2.2.1: figures may differ" in found.detail
    assert "install spacy==3.8.7" in found.detail
    assert not same_libraries(made, made | {"spacy": "3.7.5"}).is_well
    assert not same_libraries(made, made | {"thinc": "9.0.0"}).is_well


class Late(MemoryStore):
    """A store whose clock is 90 seconds behind."""

    def time(self) -> datetime:
        return WHEN - timedelta(seconds=90)


def test_clocks_that_are_a_minute_apart_are_a_fault_with_what_to_do() -> None:
    found = clocks(Late(), WHEN)
    assert not found.is_well
    assert "90 s ahead of the store's: set both by NTP" in found.detail
    assert clocks(Late(), WHEN - timedelta(seconds=40)).is_well
    assert clocks(Late(), WHEN - timedelta(seconds=100)).detail == "10 s behind the store's"
    assert clocks(MemoryStore(), WHEN).detail == "the store has none of its own"


class Mute(MemoryStore):
    """A store that does not tell the time."""

    def time(self) -> datetime:
        raise StoreError("no answer")


def test_a_clock_that_cannot_be_read_is_no_clock_that_is_right() -> None:
    found = clocks(Mute(), WHEN)
    assert (found.is_well, found.detail) == (False, "no answer")


WAITS = {"a": (1, "pending"), "b": (5, "accepted"), "c": (9, "held"), "d": (3, "pending")}


class Dated(MemoryStore):
    """A store whose deliveries were written so many hours ago."""

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        for entry in super().list(prefix, limit=limit):
            yield replace(entry, when=WHEN - timedelta(hours=WAITS[entry.key[-1]][0]))


def test_the_batch_that_has_waited_longest_is_named_with_what_to_look_at() -> None:
    store, states = Dated(), []
    for name, (_, status) in WAITS.items():
        store.create(f"inbox/{name}", b"")
        ref = BatchRef(name=name, digest=name)
        states.append(BatchState(ref=ref, status=Status(status), report=None, decision=None))
    assert longest_wait(store, states, WHEN) == "; b has waited longest, 5 hours"
    later = longest_wait(store, states, WHEN + timedelta(days=3))
    assert later.startswith("; b has waited longest, 3 days: has a night run since")
    assert longest_wait(store, [state for state in states if not state.is_due], WHEN) == ""


def test_a_full_disk_under_a_folder_store_is_a_fault_with_what_to_do(tmp_path: Path) -> None:
    assert store_room_in(tmp_path, 10_000_000, free_bytes=100_000_000).is_well
    short = store_room_in(tmp_path, 10_000_000, free_bytes=99_000_000)
    assert not short.is_well
    assert "99 MB free; 10 nights may need 100 MB: `techner model gc --delete`" in short.detail
    assert [found.what for found in store_room(FolderStore(tmp_path), 1)] == ["disk of the store"]
    assert not list(store_room(MemoryStore(), 1))
