"""The doctor: what is wrong with a store, in its own words."""

from dataclasses import replace

import pytest

from techner.core.errors import NotInitialised
from techner.core.policy import GatePolicy
from techner.core.verdict import Verdict
from techner.night.reject import reject
from techner.operate.doctor import Diagnosis, diagnose
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.workspace import Workspace
from techner.runs.judgements import judgements
from techner.store import MemoryStore
from tests.evaluation.making import LOST
from tests.world import POLICIES, WORD, World, tech_batch


def faults(found: Diagnosis) -> dict[str, str]:
    return {finding.what: finding.detail for finding in found.aspects if not finding.is_well}


def detail(found: Diagnosis, what: str) -> str:
    return next(finding.detail for finding in found.aspects if finding.what == what)


def test_a_sound_store_has_no_fault(promoted: World) -> None:
    assert faults(diagnose(promoted.workspace, POLICIES)) == {}


def test_looking_changes_nothing(promoted: World) -> None:
    before = list(promoted.store.list())
    diagnose(promoted.workspace, POLICIES)
    assert list(promoted.store.list()) == before


def test_a_store_without_a_model_cannot_be_examined(world: World) -> None:
    with pytest.raises(NotInitialised):
        diagnose(Workspace(store=MemoryStore(), cache=world.cache), POLICIES)


def test_a_damaged_file_of_production_is_named(promoted: World) -> None:
    entry = Registry(promoted.store).production()[1].files[0]
    promoted.store.put(blob_key(entry.sha256), b"damaged")
    fresh = World(promoted.store, promoted.cache / "fresh")  # a whole copy in the cache proves nothing
    assert entry.path in faults(diagnose(fresh.workspace, POLICIES))["production"]


def test_a_store_that_overwrites_is_named(promoted: World) -> None:
    class Overwriting(MemoryStore):
        def create(self, key: str, data: bytes) -> None:
            self.put(key, data)

    store = Overwriting()
    for entry in promoted.store.list():
        store.put(entry.key, promoted.store.get(entry.key))
    found = faults(diagnose(Workspace(store=store, cache=promoted.cache), POLICIES))
    assert set(found) == {"create-only writes"}


def test_due_batches_are_counted(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 220))
    found = diagnose(promoted.workspace, POLICIES)
    assert detail(found, "batches") == "1 due (1 in production, 1 pending)"


def test_a_holdout_that_makes_every_night_ask_is_named(promoted: World) -> None:
    policies = replace(POLICIES, gate=replace(POLICIES.gate, min_support=100_000))
    assert "the gate asks" in faults(diagnose(promoted.workspace, policies))["holdout"]


def test_a_regression_set_too_small_for_its_margin_is_told_from_the_last_run(promoted: World) -> None:
    policies = replace(POLICIES, gate=GatePolicy(micro_margin=0.0001))
    found = diagnose(promoted.workspace, policies)
    micro = next(reach for reach in found.reaches if reach.check == "pretrained micro F1")
    assert micro.is_measured
    assert (micro.needed or 0) > micro.support
    assert not found.is_enough


def test_sets_that_are_large_enough_are_said_to_be(promoted: World) -> None:
    assert diagnose(promoted.workspace, POLICIES).is_enough


def test_a_judgement_of_an_older_techner_is_read_though_it_counts_no_refusals(judged: World) -> None:
    log = judgements(judged.store)
    reject(judged.run("run-2"), WORD)
    newest = log.newest()
    assert newest
    older = replace(newest.record, id="older", not_promoted=0, verdict=Verdict(checks=(LOST,)))
    assert log.append(older, after=log.length())
    assert diagnose(judged.workspace, POLICIES).reaches
