"""Scope and label scheme on the way from the inbox to the corpus."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.delivery import BatchMetadata, QualityReport
from techner.core.errors import BatchError, ObjectMissing, SettingsError
from techner.core.examples import Example
from techner.core.manifest import FileEntry
from techner.core.policy import TECH_LABELS, Policies, SchemePolicy
from techner.core.run_documents import Corpus
from techner.formats import read_examples, write_examples
from techner.inbox.submit import submit
from techner.inbox.survey import Status, survey
from techner.night.admit import admit
from techner.night.plan import plan
from techner.registry.blobs import load_bytes
from techner.store import FolderStore
from tests.conftest import marked
from tests.world import POLICIES, World, tech_batch

PROTOCOLS = tuple(example.only(frozenset({"PROTOCOL"})) for example in tech_batch(300, 330))
META = "inbox/monday.jsonl.meta.json"


def scoped(*labels: str) -> bytes:
    return json.dumps({"scope": labels}).encode()


def moved(scheme: SchemePolicy) -> Policies:
    return replace(POLICIES, scheme=scheme)


def admitted(world: World, run_id: str = "run-1", policies: Policies = POLICIES) -> QualityReport:
    made = plan(world.run(run_id), policies)
    assert made is not None
    reports = [admit(world.run(run_id), batch.digest) for batch in made.batches]
    return reports[-1]


def assembled(world: World, run_id: str = "run-1", policies: Policies = POLICIES) -> Corpus:
    return world.until("assemble", run_id, policies).read(Corpus)


def part(world: World, entry: FileEntry) -> tuple[Example, ...]:
    return read_examples(load_bytes(world.store, entry), where=entry.path)


def status(world: World) -> dict[str, Status]:
    return {state.ref.name: state.status for state in survey(world.store, POLICIES, cache=world.cache)}


def written(folder: Path, examples: tuple[Example, ...] = PROTOCOLS) -> Path:
    path = folder / "monday.jsonl"
    path.write_bytes(write_examples(examples))
    return path


def test_metadata_is_no_delivery_of_its_own(world: World) -> None:
    world.deliver("monday.jsonl", PROTOCOLS)
    world.deliver("monday.jsonl-2", tech_batch(0, 5))  # sorts between the two
    world.store.create(META, scoped("PROTOCOL"))
    assert status(world) == {"monday.jsonl": Status.PENDING, "monday.jsonl-2": Status.PENDING}


def test_metadata_without_its_delivery_is_logged_and_stops_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.create(META, scoped("PROTOCOL"))
    with caplog.at_level(logging.WARNING):
        assert status(world) == {}
    assert f"{META} describes a delivery that is not there" in caplog.text


def test_other_metadata_of_the_same_content_under_a_second_name_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.deliver("a.jsonl", PROTOCOLS)
    world.deliver("monday.jsonl", PROTOCOLS)
    world.store.create(META, scoped("PROTOCOL"))
    with caplog.at_level(logging.WARNING):
        assert status(world) == {"a.jsonl": Status.PENDING}
    assert "monday.jsonl holds the same as a.jsonl" in caplog.text


def test_delivered_scope_is_in_the_report_and_in_what_is_kept_for_later_nights(world: World) -> None:
    world.deliver("monday.jsonl", PROTOCOLS)
    world.store.create(META, scoped("PROTOCOL", "HARDWARE"))
    corpus = assembled(world)
    report = admitted(world, "run-2")
    assert (report.scope, report.scope_from) == (("HARDWARE", "PROTOCOL"), "delivered")
    kept = (*part(world, corpus.memory), *part(world, corpus.holdout))
    assert {example.scope for example in kept} == {("HARDWARE", "PROTOCOL")}


def test_inferred_scope_takes_in_a_pretrained_label_that_occurs(world: World) -> None:
    world.deliver("monday.jsonl", (*PROTOCOLS, marked("[[Siemens|ORG]] speaks [[TLS|PROTOCOL]]")))
    corpus = assembled(world)
    assert admitted(world, "run-2").scope == ("ORG", "PROTOCOL")
    kept = (*part(world, corpus.memory), *part(world, corpus.holdout))
    assert {example.scope for example in kept} == {("ORG", "PROTOCOL")}
    assert any("ORG" in example.labels for example in kept)


def test_metadata_that_is_corrected_examines_a_rejected_batch_anew(world: World) -> None:
    world.deliver("monday.jsonl", PROTOCOLS)
    world.store.put(META, scoped("PROTOCOLS"))
    assert admitted(world).action == "reject"
    assert status(world) == {"monday.jsonl": Status.REJECTED}
    world.store.put(META, scoped("PROTOCOL"))
    assert status(world) == {"monday.jsonl": Status.PENDING}
    assert admitted(world, "run-2").action == "accept"


def test_metadata_that_comes_after_the_plan_waits_for_the_next_one(world: World) -> None:
    world.deliver("monday.jsonl", PROTOCOLS)
    made = plan(world.run(), POLICIES)
    assert made is not None
    world.store.create(META, scoped("PROTOCOL", "HARDWARE"))
    assert admit(world.run(), made.batches[0].digest).scope == ("PROTOCOL",)
    assert admitted(world, "run-2").scope == ("HARDWARE", "PROTOCOL")


def test_a_batch_in_production_stays_there_whatever_metadata_comes(promoted: World) -> None:
    promoted.store.create("inbox/first.jsonl.meta.json", scoped("PROTOCOL"))
    assert status(promoted) == {"first.jsonl": Status.IN_PRODUCTION}


class Recording(FolderStore):
    """Remembers in which order keys were created."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.created: list[str] = []

    def create(self, key: str, data: bytes) -> None:
        super().create(key, data)
        self.created.append(key)


def recording(world: World) -> Recording:
    assert isinstance(world.store, FolderStore)
    return Recording(world.store.root)


def test_submit_writes_the_metadata_before_the_file(world: World, tmp_path: Path) -> None:
    store = recording(world)
    submit(store, written(tmp_path), metadata=BatchMetadata(scope=("PROTOCOL",)))
    assert store.created == [META, "inbox/monday.jsonl"]


def test_submit_twice_with_the_same_scope_is_no_error(world: World, tmp_path: Path) -> None:
    for _ in range(2):
        submit(world.store, written(tmp_path), metadata=BatchMetadata(scope=("PROTOCOL",)))
    assert status(world) == {"monday.jsonl": Status.PENDING}


def test_submit_with_another_scope_says_how_to_correct_it(world: World, tmp_path: Path) -> None:
    submit(world.store, written(tmp_path), metadata=BatchMetadata(scope=("PROTOCOL",)))
    with pytest.raises(BatchError, match=f"replace {META}"):
        submit(world.store, written(tmp_path), metadata=BatchMetadata(scope=("HARDWARE",)))


def test_submit_leaves_no_metadata_beside_a_file_of_other_content(world: World, tmp_path: Path) -> None:
    submit(world.store, written(tmp_path))
    other = written(tmp_path, tech_batch(0, 5))
    with pytest.raises(BatchError, match="rename it"):
        submit(world.store, other, metadata=BatchMetadata(scope=("PROTOCOL",)))
    with pytest.raises(ObjectMissing):
        world.store.get(META)


def test_submit_refuses_a_scope_for_what_production_has_learnt(promoted: World, tmp_path: Path) -> None:
    path = tmp_path / "first.jsonl"
    path.write_bytes(write_examples(tech_batch(0, 200)))
    with pytest.raises(BatchError, match="model rollback"):
        submit(promoted.store, path, metadata=BatchMetadata(scope=("PROTOCOL",)))


def test_submit_refuses_a_file_that_is_named_as_metadata(world: World, tmp_path: Path) -> None:
    path = tmp_path / "monday.jsonl.meta.json"
    path.write_bytes(scoped("PROTOCOL"))
    with pytest.raises(BatchError, match="--scope"):
        submit(world.store, path)


def test_contradictory_settings_are_refused_though_nothing_is_due(world: World) -> None:
    with pytest.raises(SettingsError, match="'PERSON', but labels of the pretrained model stay"):
        plan(world.run(), moved(SchemePolicy(retired=("PERSON",))))


def test_another_scheme_examines_a_batch_anew(world: World) -> None:
    world.deliver("monday.jsonl", (*PROTOCOLS, marked("a [[Zynq|CHIP]]")))
    assert admitted(world).quarantined == 1
    report = admitted(world, "run-2", moved(SchemePolicy(renamed={"CHIP": "HARDWARE"})))
    assert (report.action, report.renamed) == ("accept", {"CHIP": 1})
    assert "HARDWARE" in report.labels


def test_what_production_remembers_is_replayed_under_todays_names(promoted: World) -> None:
    quality = replace(POLICIES.quality, labels=(*TECH_LABELS, "NETWORK"))
    scheme = SchemePolicy(renamed={"PROTOCOL": "NETWORK"}, retired=("HARDWARE",))
    promoted.deliver("monday.jsonl", PROTOCOLS)
    corpus = assembled(promoted, "run-2", replace(POLICIES, quality=quality, scheme=scheme))
    for entry in (corpus.train, corpus.memory, corpus.holdout, corpus.scoring):
        examples = part(promoted, entry)
        labels = {label for example in examples for label in (*example.labels, *(example.scope or ()))}
        assert "NETWORK" in labels
        assert not {"PROTOCOL", "HARDWARE"} & labels


@pytest.mark.parametrize(("strategy", "found"), [("extend", ["nothing_new"]), ("blend", [])])
def test_batch_of_pretrained_labels_alone_says_whether_it_is_learnt(
    world: World, strategy: str, found: list[str]
) -> None:
    names = tuple(marked(f"We met [[Ann|PERSON]] in room {number}") for number in range(12))
    world.deliver("monday.jsonl", names)
    policies = replace(POLICIES, training=replace(POLICIES.training, strategy=strategy))
    report = admitted(world, policies=policies)
    assert report.action == "accept"
    assert [one.code for one in report.warnings if one.row is None] == found
