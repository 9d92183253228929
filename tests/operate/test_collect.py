"""`gc` removes what nothing needs, and never what production, a run or a rollback may read."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError, NotInitialised, RegistryError, TechnerError, Untrusted
from techner.core.manifest import FileEntry, Manifest
from techner.core.policy import Policies
from techner.core.records import Judgement, RunOutcome
from techner.core.run_documents import Candidate, Plan, Reserved
from techner.core.verdict import Verdict
from techner.documents import dump
from techner.night.reject import abandon, skip
from techner.operate.collect import collect, plan_collection
from techner.registry import Registry
from techner.registry.blobs import blob_key, load_bytes, save_bytes
from techner.registry.lineage import PART_BATCHES, continued, learnt
from techner.registry.trust import signature_key, trusted
from techner.registry.verify import verify_store
from techner.registry.versions import version_name
from techner.runs.documents import RunDocuments
from techner.runs.judgements import Word, judgements
from techner.runs.reservation import CONDEMNED, Condemned, reserve
from techner.store import MemoryStore, Store
from tests.hooked import Hooked
from tests.registry.making import WHEN, manifest

DAY = timedelta(days=1)
NOW = WHEN + 400 * DAY
WORD = Word(who="gc", when=NOW)


def made(store: Store, number: int, *, parent: str | None, origin: str | None) -> str:
    """Create a version with a file of its own and one that all share."""
    files = tuple(
        save_bytes(store, data, path=data.decode()) for data in (f"model {number}".encode(), b"same")
    )
    return Registry(store).create(manifest(number, parent=parent, origin=origin, files=files))


@pytest.fixture
def store() -> MemoryStore:
    """Return a store whose production moved on every 50 days, six times, and last 100 days ago."""
    store = MemoryStore()
    origin = parent = made(store, 0, parent=None, origin=None)
    move(store, origin, None, age=400)
    for number in range(1, 7):
        version = made(store, number, parent=parent, origin=origin)
        move(store, version, parent, age=400 - 50 * number)
        parent = version
    return store


def move(store: Store, version: str, before: str | None, *, age: int, alias: str = "production") -> None:
    Registry(store).move(version, expected=before, who="me", why="test", when=NOW - age * DAY, alias=alias)


def gone(store: Store, *, keep_days: int) -> list[int]:
    """Return the numbers of the versions that would be removed."""
    return [int(name[:4]) for name in plan_collection(store, now=NOW, keep_days=keep_days).versions]


def blob_of(number: int) -> str:
    return save_bytes(MemoryStore(), f"model {number}".encode(), path="x").sha256


def run_of(store: Store, run_id: str = "run-1") -> RunDocuments:
    return RunDocuments(store=store, id=run_id)


def test_production_its_parent_and_the_origin_stay_whatever_their_age(store: MemoryStore) -> None:
    assert gone(store, keep_days=0) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("days", "numbers"), [(120, [1, 2, 3, 4]), (160, [1, 2, 3]), (210, [1, 2]), (999, [])]
)
def test_what_was_live_within_retention_stays(store: MemoryStore, days: int, numbers: list[int]) -> None:
    assert gone(store, keep_days=days) == numbers


def test_a_pinned_version_stays_with_its_files(store: MemoryStore) -> None:
    pinned = next(name for name in Registry(store).versions() if name.startswith("0002"))
    move(store, pinned, None, age=300, alias="audit-2026")
    found = plan_collection(store, now=NOW, keep_days=0)
    assert [int(name[:4]) for name in found.versions] == [3, 4]
    assert blob_of(2) not in found.blobs


def test_blobs_that_no_kept_version_holds_go_and_shared_ones_stay(store: MemoryStore) -> None:
    found = plan_collection(store, now=NOW, keep_days=0)
    assert set(found.blobs) == {blob_of(number) for number in (1, 2, 3, 4)}
    assert found.size_bytes == 4 * len("model 1")


def test_the_parts_of_a_lineage_stay_with_the_versions_that_name_them(store: MemoryStore) -> None:
    batches = [BatchRef(name=f"{at}", digest=f"{at:064}") for at in range(2 * PART_BATCHES)]
    live, manifest = Registry(store).production()
    kept, gone = (continued(store, manifest.lineage, part) for part in (batches, batches[::-1]))
    Registry(store).create(replace(manifest, number=7, lineage=gone))  # no alias ever named it
    version = Registry(store).create(replace(manifest, number=7, parent=live, lineage=kept))
    move(store, version, live, age=0)
    collect(store, WORD, keep_days=0)
    assert len(learnt(store, Registry(store).production()[1])) == 2 * PART_BATCHES
    assert list(verify_store(store, [version])) == []
    left = {entry.key for entry in store.list("blobs/")}
    assert not left & {blob_key(part.sha256) for part in gone.parts}


def test_planning_removes_nothing(store: MemoryStore) -> None:
    before = [entry.key for entry in store.list()]
    plan_collection(store, now=NOW, keep_days=0)
    assert [entry.key for entry in store.list()] == before


def test_collected_versions_are_gone_and_all_others_are_whole(store: MemoryStore) -> None:
    store.create(
        signature_key(next(name for name in Registry(store).versions() if name.startswith("0001"))), b""
    )
    collect(store, WORD, keep_days=0)
    assert [int(name[:4]) for name in Registry(store).versions()] == [0, 5, 6]
    assert list(verify_store(store, list(Registry(store).versions()))) == []
    assert not [entry.key for entry in store.list("versions/0001")]
    assert not any(store.list(CONDEMNED))


def test_a_second_collection_finds_nothing(store: MemoryStore) -> None:
    collect(store, WORD, keep_days=0)
    again = collect(store, WORD, keep_days=0)
    assert not again.versions
    assert not again.blobs


def plan_of(store: Store, version: str) -> Plan:
    return Plan(
        batches=(),
        production=version,
        origin=next(Registry(store).versions()),
        reference="r",
        policies=Policies(),
    )


def numbered(store: Store, number: int) -> str:
    return next(name for name in Registry(store).versions() if name.startswith(f"{number:04d}"))


def undecided(store: Store, version: str, run_id: str = "run-1") -> FileEntry:
    """Plan a run on a version and let it make something; returns what it made."""
    run_of(store, run_id).write(plan_of(store, version))
    entry = save_bytes(store, b"candidate", path="model")
    run_of(store, run_id).write(entry)
    return entry


def test_an_undecided_run_keeps_what_it_reads_and_what_it_made(store: MemoryStore) -> None:
    for number, age in ((7, 6), (8, 5)):
        version = made(
            store, number, parent=Registry(store).production()[0], origin=next(Registry(store).versions())
        )
        move(store, version, Registry(store).production()[0], age=age)
    entry = undecided(store, numbered(store, 6))  # production moved on from it six days ago
    found = plan_collection(store, now=NOW, keep_days=0)
    assert [int(name[:4]) for name in found.versions] == [1, 2, 3, 4, 5]
    assert entry.sha256 not in found.blobs
    assert found.runs == ()
    assert found.undecided == ("run-1",)


def test_a_run_that_production_left_behind_long_ago_keeps_nothing_and_is_written_down(
    store: MemoryStore,
) -> None:
    entry = undecided(store, numbered(store, 3))
    found = collect(store, WORD, keep_days=0)
    assert found.runs == ("run-1",)
    assert numbered(store, 0) in Registry(store).versions()
    assert [int(name[:4]) for name in Registry(store).versions()] == [0, 5, 6]
    newest = judgements(store).newest()
    assert newest
    assert (newest.record.id, newest.record.outcome) == ("run-1", "abandoned")
    assert load_bytes(store, entry)  # its report


def test_a_run_that_production_left_behind_stays_while_it_is_about_to_move_an_alias(
    store: MemoryStore,
) -> None:
    undecided(store, numbered(store, 3))
    with reserve(run_of(store), manifest(4), version=numbered(store, 4)):
        found = plan_collection(store, now=NOW, keep_days=0)
    assert [int(name[:4]) for name in found.versions] == [1, 2]
    assert found.undecided == ("run-1",)


def test_a_run_on_what_production_names_again_is_not_left_behind(store: MemoryStore) -> None:
    undecided(store, numbered(store, 3))
    move(store, numbered(store, 3), numbered(store, 6), age=90)
    assert plan_collection(store, now=NOW, keep_days=0).undecided == ("run-1",)


@pytest.mark.parametrize("end", [skip, abandon])
def test_a_run_that_was_skipped_or_abandoned_keeps_nothing(
    store: MemoryStore, end: Callable[[RunDocuments, Word], None]
) -> None:
    undecided(store, Registry(store).production()[0])
    end(run_of(store), Word(who="ada", why="its machine is gone", when=NOW - DAY))
    assert plan_collection(store, now=NOW, keep_days=0).runs == ("run-1",)
    assert plan_collection(store, now=NOW, keep_days=2).runs == ()
    end_again = pytest.raises(RegistryError, match="not waiting") if end is abandon else nullcontext()
    with end_again:
        end(run_of(store), Word(who="ada", why="again", when=NOW))
    assert judgements(store).length() == 1


def test_abandoning_needs_a_reason_and_a_run(store: MemoryStore) -> None:
    undecided(store, Registry(store).production()[0])
    with pytest.raises(RegistryError, match="--why"):
        abandon(run_of(store), Word(who="ada", when=NOW, why=" "))
    with pytest.raises(RegistryError, match="no documents of a run 'run'"):
        abandon(run_of(store, "run"), Word(who="ada", when=NOW, why="typo"))


def test_abandoning_lets_go_of_what_a_killed_promotion_reserved(store: MemoryStore) -> None:
    reserved = Reserved(version=numbered(store, 3), manifest=manifest(3))
    run_of(store, "promote-1").write(reserved)
    assert plan_collection(store, now=NOW, keep_days=0).undecided == ("promote-1",)
    abandon(run_of(store, "promote-1"), Word(who="ada", when=NOW, why="killed"))
    found = plan_collection(store, now=NOW, keep_days=0)
    assert numbered(store, 3) in found.versions
    assert not any(store.list("runs/"))


@pytest.mark.parametrize(("gone", "kept"), [("a", "a/b"), ("a/b", "a"), ("a", "a-2"), ("a/b", "a/bc")])
def test_only_the_documents_of_the_run_itself_go(store: MemoryStore, gone: str, kept: str) -> None:
    live = Registry(store).production()[0]
    for run_id in (gone, kept):
        undecided(store, live, run_id)
        store.put(f"runs/{run_id}/plan.json.sig", b"signature")
        store.put(f"runs/{run_id}/checkpoint", b"of a training that was given up")
    skip(run_of(store, gone), Word(who="night", when=NOW - DAY))
    collect(store, WORD, keep_days=0)
    names = ("checkpoint", "plan.json", "plan.json.sig", "report.json")
    assert [entry.key for entry in store.list("runs/")] == [f"runs/{kept}/{name}" for name in names]


def test_a_run_planned_anew_under_the_id_of_a_decided_one_is_undecided(store: MemoryStore) -> None:
    live = Registry(store).production()[0]
    undecided(store, live)
    skip(run_of(store), Word(who="night", when=NOW - DAY))
    run_of(store).write(replace(plan_of(store, live), judged_before=1))
    assert plan_collection(store, now=NOW, keep_days=0).undecided == ("run-1",)


def test_scratch_keys_of_killed_processes_go_and_those_of_a_living_one_stay(store: MemoryStore) -> None:
    old, living = ("probe/20260101T000000Z-a", "probe/7f3a"), f"probe/{NOW:%Y%m%dT%H%M%SZ}-b"
    for key in (*old, living):
        store.create(key, b"0")
    assert collect(store, WORD, keep_days=0).probes == old
    assert [entry.key for entry in store.list("probe/")] == [living]


def test_a_signature_without_its_manifest_goes_unless_a_run_is_about_to_write_that(
    store: MemoryStore,
) -> None:
    candidate = manifest(7)
    store.create(signature_key(version_name(candidate)), b"signature")
    with reserve(run_of(store), candidate, version=version_name(candidate)):
        assert version_name(candidate) not in plan_collection(store, now=NOW, keep_days=0).versions
    collect(store, WORD, keep_days=0)
    assert not any(store.list("versions/0007"))


def test_a_reserved_version_stays_though_its_manifest_written_anew_has_another_name(
    store: MemoryStore,
) -> None:
    old = next(name for name in Registry(store).versions() if name.startswith("0003"))
    with reserve(run_of(store), manifest(3, libraries={"written": "anew"}), version=old):
        assert old not in plan_collection(store, now=NOW, keep_days=0).versions


def judged(store: Store, run_id: str, *, age: int, report: FileEntry) -> None:
    record = Judgement(
        id=run_id,
        outcome=RunOutcome.REJECTED,
        reason="worse",
        production="p",
        version=None,
        batches=(),
        scores=(),
        verdict=Verdict(checks=()),
        when=NOW - age * DAY,
        report=report,
    )
    store.create("judgements/999999999998.json", dump(record))


@pytest.mark.parametrize(("age", "runs"), [(100, ("run-1",)), (80, ())])
def test_documents_of_a_run_go_once_it_was_decided_long_ago(
    store: MemoryStore, age: int, runs: tuple[str, ...]
) -> None:
    candidate, report = (save_bytes(store, name, path="x") for name in (b"candidate", b"report"))
    run_of(store).write(Candidate(files=(candidate,), new_labels=(), losses=()))
    judged(store, "run-1", age=age, report=report)
    found = collect(store, WORD, keep_days=90)
    assert found.runs == runs
    assert (candidate.sha256 in found.blobs) == bool(runs)
    assert bool([*store.list("runs/run-1/")]) != bool(runs)
    assert load_bytes(store, report) == b"report"


def test_nothing_is_removed_where_a_manifest_cannot_be_read(store: MemoryStore) -> None:
    store.put(f"versions/{next(Registry(store).versions())}/manifest.json", b"{}")
    before = [entry.key for entry in store.list()]
    with pytest.raises(TechnerError):
        collect(store, WORD, keep_days=0)
    assert [entry.key for entry in store.list()] == before


@pytest.mark.parametrize("name", ["plan.json", "candidate.json"])
@pytest.mark.parametrize("data", [b"{", b"\xff", b""])
def test_nothing_is_removed_where_a_document_of_a_run_is_damaged(
    store: MemoryStore, name: str, data: bytes
) -> None:
    store.put(f"runs/run-1/{name}", data)
    before = [entry.key for entry in store.list()]
    with pytest.raises(IntegrityError, match=f"runs/run-1/{name} is no"):
        collect(store, WORD, keep_days=0)
    assert [entry.key for entry in store.list()] == before


def test_a_plan_whose_settings_are_refused_today_keeps_its_versions(store: MemoryStore) -> None:
    old, live = numbered(store, 3), numbered(store, 6)
    move(store, old, live, age=6)
    move(store, live, old, age=5)  # lately: a run on it may still be under way
    plan = json.loads(dump(plan_of(store, old)))
    plan["policies"]["gate"]["micro_margin"] = 5.0
    store.put("runs/run-1/plan.json", json.dumps(plan).encode())
    assert old not in collect(store, WORD, keep_days=0).versions


def test_nothing_is_removed_while_an_origin_is_on_its_way() -> None:
    store = MemoryStore()
    origin = made(store, 0, parent=None, origin=None)
    with pytest.raises(NotInitialised):
        collect(store, WORD, keep_days=0)
    move(store, origin, None, age=0)
    assert list(verify_store(store, [origin])) == []


def test_a_second_collection_at_once_is_refused_and_an_interrupted_one_resumed(store: MemoryStore) -> None:
    store.create(CONDEMNED, b"{}")
    with pytest.raises(TechnerError):
        collect(store, WORD, keep_days=0)
    store.delete(CONDEMNED)
    interrupted(store)
    with pytest.raises(RegistryError, match=r"by gc has been under way since .* --resume"):
        collect(store, WORD, keep_days=0)
    collect(store, WORD, keep_days=0, resume=True)
    assert [int(name[:4]) for name in Registry(store).versions()] == [0, 5, 6]


def test_what_is_being_removed_is_believed_with_a_signature_alone(store: MemoryStore) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
    signing = trusted(store, (), key)
    record = Condemned(who="x", when="now", versions=(), runs=(), blobs=())
    store.create(CONDEMNED, dump(record))
    with pytest.raises(Untrusted, match=r"condemned\.json is not signed"), reserved(signing):
        pass
    store.delete(CONDEMNED)
    signing.create(CONDEMNED, dump(record))
    with reserved(signing):
        pass


def reserved(store: Store) -> AbstractContextManager[None]:
    candidate = manifest(7)
    return reserve(run_of(store), candidate, version=version_name(candidate))


def test_a_record_of_a_collection_that_nobody_signed_is_replaced_by_a_person() -> None:
    bucket = MemoryStore()
    signing = trusted(bucket, (), Ed25519PrivateKey.from_private_bytes(b"1" * 32))
    origin = made(signing, 0, parent=None, origin=None)
    move(signing, origin, None, age=400)
    bucket.create(CONDEMNED, dump(Condemned(who="x", when="now", versions=(), runs=(), blobs=())))
    with pytest.raises(RegistryError, match=r"is not signed: find out who wrote it; add --resume"):
        collect(signing, WORD)
    collect(signing, WORD, resume=True)
    assert not any(bucket.list(CONDEMNED))


def interrupted(store: MemoryStore) -> None:
    """Collect until the first removal fails."""

    class Broken(Hooked):
        def delete(self, key: str) -> None:
            raise RegistryError(f"no delete of {key}")

    broken = Broken()
    broken._objects = store._objects
    with pytest.raises(RegistryError):
        collect(broken, WORD, keep_days=0)


def publisher(store: Store) -> tuple[RunDocuments, Manifest, str]:
    """Return a run about to publish a model, some of whose files an earlier, forgotten try left behind."""
    live, _ = Registry(store).production()
    files = tuple(save_bytes(store, data, path=data.decode()) for data in (b"model 2", b"left behind"))
    return run_of(store), manifest(7, parent=live, origin=next(Registry(store).versions()), files=files), live


def publish(run: RunDocuments, candidate: Manifest, live: str) -> None:
    """Do what the task does, with the proof cut down to fetching every file."""
    with reserve(run, candidate, version=version_name(candidate)):
        for entry in candidate.files:
            load_bytes(run.store, entry)
        version = run.registry.create(candidate)
        run.registry.move(version, expected=live, who="me", why="test", when=NOW)


def requests(work: Callable[[Hooked], object], filled: MemoryStore) -> int:
    store = copy(filled)
    work(store)
    return store.requests


def copy(filled: MemoryStore) -> Hooked:
    store = Hooked()
    store._objects = dict(filled._objects)
    return store


def require_whole(store: Hooked, before: str, candidate: Manifest) -> None:
    version, live = Registry(store).production()
    assert version in (before, version_name(candidate))
    for entry in live.files:
        load_bytes(store, entry)
    assert list(verify_store(store, [before, version])) == []


def test_a_collection_at_any_moment_of_a_publish_leaves_production_whole(store: MemoryStore) -> None:
    _, candidate, live = publisher(store)
    moments = requests(lambda hooked: publish(run_of(hooked), candidate, live), store)
    ends = set()
    for moment in range(1, moments + 1):
        shared = copy(store)
        shared.at, shared.hook = moment, partial(collect, shared, WORD, keep_days=0)
        with suppress(TechnerError):
            publish(run_of(shared), candidate, live)
        require_whole(shared, live, candidate)
        ends.add(Registry(shared).production()[0])
    assert moments > 10
    assert ends == {live, version_name(candidate)}  # late ones win, early ones find their files gone


def test_a_publish_at_any_moment_of_a_collection_leaves_production_whole(store: MemoryStore) -> None:
    _, candidate, live = publisher(store)
    moments = requests(lambda hooked: collect(hooked, WORD, keep_days=0), store)
    ends = set()

    def publish_beside(shared: Hooked) -> None:
        with suppress(TechnerError):
            publish(run_of(shared), candidate, live)

    for moment in range(1, moments + 1):
        shared = copy(store)
        shared.at, shared.hook = moment, partial(publish_beside, shared)
        collect(shared, WORD, keep_days=0)
        require_whole(shared, live, candidate)
        ends.add(Registry(shared).production()[0])
    assert moments > 30
    assert ends == {live, version_name(candidate)}


def test_a_publish_of_what_is_being_removed_is_told_to_wait(store: MemoryStore) -> None:
    run, candidate, live = publisher(store)
    interrupted(store)
    with pytest.raises(RegistryError, match=r"gc`, begun by gc at .* is removing files of this"):
        publish(run, candidate, live)
    assert Registry(store).production()[0] == live
    assert not any(store.list("runs/"))


def test_a_publish_that_found_its_files_gone_works_when_they_are_there_again(store: MemoryStore) -> None:
    run, candidate, live = publisher(store)
    collect(store, WORD, keep_days=0)
    assert not any(store.list(blob_key(candidate.files[0].sha256)))
    run, candidate, live = publisher(store)  # `uptrain` run again
    publish(run, candidate, live)
    assert Registry(store).production()[0] == version_name(candidate)
