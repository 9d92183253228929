"""A backup is whole, consistent and cheap to repeat, whatever happens to the store meanwhile."""

import json
import re
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.client import ModelStore
from techner.core.delivery import BatchRef
from techner.core.errors import NotInitialised, RegistryError, StoreError
from techner.core.manifest import Lineage
from techner.core.records import BatchWord, Decision, Judgement, RunOutcome
from techner.core.run_documents import Report, Reserved, Speed
from techner.core.verdict import Verdict
from techner.corpus.reference import Reference, save_reference
from techner.formats import write_examples
from techner.operate.adopt import adopt
from techner.operate.backup import Copied, back_up, restore_store
from techner.operate.collect import collect
from techner.operate.doctor import diagnose
from techner.operate.prune import TAKEN
from techner.operate.snapshot import COPIED, NOT_COPIED
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.lineage import PART_BATCHES, continued, learnt
from techner.registry.log import Log
from techner.registry.trust import SIGNED, trusted
from techner.registry.verify import Damage, verify_store
from techner.runs.documents import RunDocuments
from techner.runs.judgements import Word, judgements
from techner.runs.reservation import CONDEMNED
from techner.store import FolderStore, MemoryStore, Store
from tests.conftest import marked
from tests.hooked import Hooked
from tests.registry.making import WHEN, manifest
from tests.world import POLICIES, World, quick, tech_batch

DAY = timedelta(days=1)
NOW = WHEN + 400 * DAY
STORE = Path(__file__).parents[1] / "data" / "stores" / "0.1.0.tar.gz"
"""With two nights behind it; its models are tiny."""
STORAGE = Path(__file__).parents[2] / "docs" / "reference" / "storage.md"
OLD, NEW = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
SET = Reference(rehearsal=(marked("[[Ada|PERSON]] sings"),), regression=(marked("[[Bob|PERSON]] sings"),))


def make(store: Store, number: int) -> str:
    """Make a version with a file of its own and one that all share, and point production at it."""
    live = Registry(store).log().newest()
    origin = next(Registry(store).versions(), None)
    lineage = Lineage(reference=save_reference(store, SET), code="c", libraries={})
    files = tuple(save_bytes(store, data, path=data.decode()) for data in (name(number), b"same"))
    parent = live.record.version if live else None
    version = Registry(store).create(
        manifest(number, parent=parent, origin=origin, files=files, lineage=lineage)
    )
    when = WHEN + number * DAY
    Registry(store).move(version, expected=parent, who="me", why="better", when=when)
    return version


def name(number: int) -> bytes:
    return f"model {number}".encode()


def fill(store: Store) -> None:
    """Make a store with three versions, a delivery, a decision, a judged run and one that is not."""
    for number in range(3):
        make(store, number)
    store.create("inbox/monday.jsonl", b"{}\n")
    store.create("batches/b/a/examples.jsonl", b"")
    store.create("batches/b/a/report.json", b"{}\n")
    decision = Decision(id="d", word=BatchWord.HOLD, who="me", why="poor", when=WHEN)
    assert Log(store, "decisions/b", Decision).append(decision, after=0)
    RunDocuments(store=store, id="night/1").write(Speed(words=1, candidate=1.0, origin=1.0))


def judge(store: Store, run: str, *, version: str | None) -> None:
    told = Judgement(
        id=run,
        outcome=RunOutcome.PROMOTED if version else RunOutcome.REJECTED,
        reason="because",
        production="0002",
        version=version,
        batches=(),
        scores=(),
        verdict=Verdict(checks=()),
        when=NOW,
    )
    log = judgements(store)
    assert log.append(told, after=log.length())


@pytest.fixture(autouse=True)
def several_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each store in memory have an address of its own."""
    for name in ("url", "identity"):
        monkeypatch.setattr(MemoryStore, name, property(lambda store: f"memory://{id(store)}"))


@pytest.fixture
def source() -> Hooked:
    store = Hooked()
    fill(store)
    return store


def back(source: Store, target: Store, scratch: Path) -> Copied:
    return back_up(source, target, scratch=scratch, clock=lambda: NOW)


def contents(store: Store) -> dict[str, bytes]:
    return {entry.key: store.get(entry.key) for entry in store.list() if not entry.key.startswith("backup/")}


def damages(store: Store) -> list[Damage]:
    return list(verify_store(store, list(Registry(store).versions())))


def blob_of(number: int) -> str:
    return blob_key(save_bytes(MemoryStore(), name(number), path="x").sha256)


def test_a_backup_holds_what_the_store_holds_byte_for_byte(source: Hooked, tmp_path: Path) -> None:
    target = MemoryStore()
    copied = back(source, target, tmp_path)
    assert copied.faults == ()
    assert contents(target) == contents(source)
    assert (copied.objects, copied.there) == (len(contents(source)), 0)


def test_a_version_without_a_part_of_its_lineage_is_left_out_and_its_parents_part_is_copied(
    source: Hooked, tmp_path: Path
) -> None:
    batches = [BatchRef(name=f"{at}", digest=f"{at:064}") for at in range(2 * PART_BATCHES)]
    target = MemoryStore()
    parent = learnt_also(source, batches[:PART_BATCHES])
    assert back(source, target, tmp_path).faults == ()
    lost = learnt_also(source, batches[PART_BATCHES:])
    source.delete(blob_key(Registry(source).manifest(lost).lineage.parts[1].sha256))
    faults = [(fault.where, fault.what) for fault in back(source, target, tmp_path).faults]
    assert (lost, "lineage/2.json") in faults
    version, manifest = Registry(target).production()
    assert version == parent
    assert learnt(target, manifest) == tuple(batches[:PART_BATCHES])


def learnt_also(store: Store, batches: list[BatchRef]) -> str:
    """Move production on to a version that has learnt these batches too."""
    live, manifest = Registry(store).production()
    lineage = continued(store, manifest.lineage, batches)
    made = replace(manifest, number=manifest.number + 1, parent=live, lineage=lineage)
    version = Registry(store).create(made)
    Registry(store).move(version, expected=live, who="me", why="better", when=NOW)
    return version


def test_what_belongs_to_processes_under_way_is_not_copied(source: Hooked, tmp_path: Path) -> None:
    before = contents(source)
    reserved = Reserved(version="0002-x", manifest=manifest(2))
    RunDocuments(store=source, id="promote-1").write(reserved)
    for key in ("probe/x", CONDEMNED, "index/pages-1.tsv", "runs/night/1/checkpoint"):
        source.put(key, b"{}")
    target = MemoryStore()
    back(source, target, tmp_path)
    assert contents(target) == before


def test_every_place_of_the_store_is_copied_or_left_out_on_purpose() -> None:
    places = {f"{place}/" for place in re.findall(r"(?m)^    (\w+)/", STORAGE.read_text())}
    assert places == {*COPIED, *NOT_COPIED, "backup/"}
    assert {*SIGNED} < places


def test_a_second_backup_reads_and_sends_nothing_but_what_is_new(source: Hooked, tmp_path: Path) -> None:
    target = Hooked()
    back(source, target, tmp_path)
    read: list[str] = []
    source.on_get = read.append
    assert back(source, target, tmp_path).objects == 0
    again = {key for key in read if "/production/" not in key}
    assert again == set()
    version = make(source, 3)
    copied = back(source, target, tmp_path)
    assert copied.objects == 3  # a file, the manifest, the move
    assert Registry(target).production()[0] == version
    assert contents(target) == contents(source)


def test_a_delivery_that_was_replaced_by_one_of_the_same_size_is_copied_again(
    source: Hooked, tmp_path: Path
) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    source.put("inbox/monday.jsonl", b"[]\n")
    back(source, target, tmp_path)
    assert target.get("inbox/monday.jsonl") == b"[]\n"


def test_a_damaged_memory_of_the_last_backup_costs_only_time(source: Hooked, tmp_path: Path) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    target.put(TAKEN, b"{")
    assert restore_store(target, MemoryStore(), scratch=tmp_path).faults == ()
    assert back(source, target, tmp_path).objects == 0
    assert target.get(TAKEN) != b"{"


def test_a_file_that_was_cut_short_in_the_backup_is_sent_again(source: Hooked, tmp_path: Path) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    target.put(blob_of(1), b"mod")
    assert back(source, target, tmp_path).objects == 1
    assert contents(target) == contents(source)


@pytest.mark.parametrize("damage", [b"modex 3", b"mod", None], ids=["altered", "cut short", "missing"])
def test_a_damaged_file_is_named_and_what_needs_it_waits_for_its_repair(
    source: Hooked, tmp_path: Path, damage: bytes | None
) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    before = Registry(target).production()[0]
    version = make(source, 3)
    source.delete(blob_of(3)) if damage is None else source.put(blob_of(3), damage)
    copied = back(source, target, tmp_path)
    assert {(fault.where, fault.what) for fault in copied.faults} == {
        (version, "model 3"),
        ("aliases/production", "999999999995.json"),
    }
    assert Registry(target).production()[0] == before
    assert damages(target) == []
    source.put(blob_of(3), name(3))
    assert back(source, target, tmp_path).faults == ()
    assert contents(target) == contents(source)


def test_a_damaged_file_of_an_old_version_keeps_no_other_one_from_the_backup(
    source: Hooked, tmp_path: Path
) -> None:
    source.put(blob_of(1), b"modex 1")
    target = MemoryStore()
    faults = back(source, target, tmp_path).faults
    assert [fault.what for fault in faults] == ["model 1"]
    assert "was altered: 7 bytes" in faults[0].detail
    assert Registry(target).production() == Registry(source).production()
    assert damages(target) == []


def alter(store: Store, prefix: str, data: bytes) -> None:
    store.put(next(iter(store.list(prefix))).key, data)


def rewrite_first_move(store: Store) -> None:
    key = "aliases/production/999999999998.json"
    store.put(key, store.get(key).replace(b"better", b"worse"))


DAMAGES: dict[str, tuple[Callable[[Store], object], str]] = {
    "a set": (lambda store: alter(store, "reference/", b"{}"), "reference"),
    "a manifest": (lambda store: alter(store, "versions/0001", b"{}"), "0001-"),
    "a document of a run": (lambda store: store.put("runs/night/1/speed.json", b"["), "run night/1"),
    "a gap in a log": (
        lambda store: store.delete("aliases/production/999999999997.json"),
        "aliases/production",
    ),
    "a stranger in a log": (lambda store: store.create("decisions/b/readme", b""), "decisions/b"),
    "a chain": (rewrite_first_move, "aliases/production"),
    "a name": (lambda store: store._objects.update({"inbox/a\nb": b""}), "inbox"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_named_and_the_backup_holds_nothing_that_refers_to_it(
    source: Hooked, tmp_path: Path, what: str
) -> None:
    damage, where = DAMAGES[what]
    damage(source)
    target = MemoryStore()
    assert any(fault.where.startswith(where) for fault in back(source, target, tmp_path).faults)
    # Other records are copied around a move that is missing or altered: the gap is all that is left of it.
    found = {(fault.where, fault.what) for fault in damages(target)}
    assert found == ({("production", "generation 2")} if "aliases" in where else set())


def test_a_damaged_file_that_no_version_has_is_named_too(source: Hooked, tmp_path: Path) -> None:
    page = save_bytes(source, b"of a run", path="report.html")
    source.put(blob_key(page.sha256), b"altered")
    (fault,) = back(source, MemoryStore(), tmp_path).faults
    assert (fault.where, fault.what) == ("blobs", page.sha256)


def test_a_run_of_which_a_file_is_lost_is_named_and_left_out(source: Hooked, tmp_path: Path) -> None:
    page, target = save_bytes(source, b"of a run", path="report.html"), MemoryStore()
    report = Report(path=page.path, sha256=page.sha256, size_bytes=page.size_bytes)
    RunDocuments(store=source, id="night-2").write(report)
    source.delete(blob_key(page.sha256))
    (fault,) = back(source, target, tmp_path).faults
    assert (fault.where, fault.detail) == ("run night-2", f"blob {page.sha256} is missing or damaged")
    assert not any(target.list("runs/night-2/"))


def test_a_version_whose_reference_set_is_damaged_is_left_out(source: Hooked, tmp_path: Path) -> None:
    alter(source, "reference/", b"{}")
    target = MemoryStore()
    named = [fault.what for fault in back(source, target, tmp_path).faults]
    assert named.count("reference set") == len(list(Registry(source).versions()))
    assert not any(target.list("versions/"))


def test_a_gap_in_the_log_of_an_alias_is_named_and_all_else_is_copied(source: Hooked, tmp_path: Path) -> None:
    gap = "aliases/production/999999999997.json"
    source.delete(gap)
    target, restored = MemoryStore(), MemoryStore()
    for again in range(2):
        faults = back(source, target, tmp_path).faults
        assert [(fault.where, fault.what, fault.detail) for fault in faults] == [
            ("aliases/production", "999999999997.json", "record 2 is missing")
        ]
        assert contents(target) == contents(source)
        make(source, 3 + again)
    told = restore_store(target, restored, scratch=tmp_path).faults
    assert [fault.detail for fault in told] == ["record 2 is missing"]
    assert Registry(restored).production() == Registry(target).production()


@pytest.mark.parametrize("lost", ["aliases/production/999999999997.json", "judgements/999999999997.json"])
def test_a_record_that_the_store_lost_since_is_named_and_stays_in_the_backup(
    source: Hooked, tmp_path: Path, lost: str
) -> None:
    for number in range(3):
        judge(source, f"night-{number}", version=None)
    target, restored = MemoryStore(), MemoryStore()
    back(source, target, tmp_path)
    source.delete(lost)
    make(source, 3)
    (fault,) = back(source, target, tmp_path).faults
    assert fault.detail == "record 2 is missing; it is in the copy, from earlier"
    assert contents(target).keys() - contents(source).keys() == {lost}
    assert restore_store(target, restored, scratch=tmp_path).faults == ()
    assert damages(restored) == []


def test_a_log_that_is_ahead_of_the_store_stays_and_all_else_is_copied(
    source: Hooked, tmp_path: Path
) -> None:
    judge(source, "night-1", version=None)
    target = MemoryStore()
    back(source, target, tmp_path)
    held = target.get("judgements/999999999998.json")
    source.delete("judgements/999999999998.json")
    source.delete("decisions/b/999999999998.json")
    version = make(source, 3)
    faults = back(source, target, tmp_path).faults
    assert {(fault.where, fault.what) for fault in faults} == {
        ("judgements", "999999999998.json"),
        ("decisions/b", "999999999998.json"),
    }
    assert "the copy holds newer records than the store" in faults[0].detail
    assert Registry(target).production()[0] == version
    assert target.get("judgements/999999999998.json") == held
    assert restore_store(target, MemoryStore(), scratch=tmp_path).faults == ()


def test_a_backup_of_an_earlier_techner_tells_how_many_things_it_lacks(
    source: Hooked, tmp_path: Path
) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    taken = json.loads(target.get(TAKEN)) | {"faults": 2}
    del taken["named"]
    target.put(TAKEN, json.dumps(taken).encode())
    (fault,) = restore_store(target, MemoryStore(), scratch=tmp_path).faults
    assert fault.detail == "the last run could not copy 2 things, and did not write down which"


def test_a_restore_needs_a_place_of_its_own(tmp_path: Path) -> None:
    backup = FolderStore(tmp_path / "backup")
    with pytest.raises(RegistryError, match="a place of its own"):
        restore_store(backup, FolderStore(tmp_path / "backup" / "new"), scratch=tmp_path)


def test_a_damaged_record_keeps_no_other_from_the_backup(source: Hooked, tmp_path: Path) -> None:
    for number in range(3):
        judge(source, f"night-{number}", version=None)
    source.put("judgements/999999999997.json", b"\xff")
    target = MemoryStore()
    faults = back(source, target, tmp_path).faults
    assert contents(source).keys() - contents(target).keys() == set()
    assert faults == ()  # as it lies in the store: the reader of the log names it
    target = MemoryStore()
    moves = "aliases/production/999999999997.json"
    source.put(moves, b"{}")
    (fault,) = back(source, target, tmp_path).faults
    assert fault.what == "999999999997.json"
    assert contents(source).keys() - contents(target).keys() == {moves}


def test_a_move_back_to_a_version_of_which_the_backup_has_lost_a_file_is_not_copied(
    source: Hooked, tmp_path: Path
) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    first, *_, live = Registry(source).versions()
    for store in (source, target):
        store.delete(blob_of(0))
    Registry(source).move(first, expected=live, who="me", why="ghosts", when=NOW)
    (fault,) = back(source, target, tmp_path).faults
    assert (fault.where, fault.what) == ("aliases/production", "999999999995.json")
    assert "could not be copied whole" in fault.detail
    assert Registry(target).production()[0] == live


def test_a_record_that_differs_in_the_backup_is_named_and_stays(source: Hooked, tmp_path: Path) -> None:
    target = MemoryStore()
    back(source, target, tmp_path)
    rewrite_first_move(source)
    held = contents(target)
    version = make(source, 3)
    (fault,) = back(source, target, tmp_path).faults
    assert "holds another record in its place, and keeps it" in fault.detail
    assert held.items() <= contents(target).items()
    assert Registry(target).production()[0] == version


class Dying(MemoryStore):
    """A store that goes down after so many writes."""

    left = 1_000

    def create(self, key: str, data: bytes) -> None:
        self._write()
        super().create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._write()
        super().put(key, data)

    def _write(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreError("down")


def test_a_backup_that_is_cut_off_at_any_write_is_an_older_state_and_the_next_one_completes_it(
    source: Hooked, tmp_path: Path
) -> None:
    earlier = Dying()
    back(source, earlier, tmp_path)
    before, after = Registry(source).production()[0], make(source, 3)
    make(source, 4)
    ends = set()
    for writes in range(8):
        target = Dying()
        target._objects = dict(earlier._objects)
        target.left = writes
        with suppress(StoreError):
            back(source, target, tmp_path)
        ends.add(Registry(target).production()[0])
        assert damages(target) == []
        target.left = 1_000
        assert back(source, target, tmp_path).faults == ()
        assert contents(target) == contents(source)
    assert {before, after} < ends


def test_a_first_backup_that_was_cut_off_is_not_restored(source: Hooked, tmp_path: Path) -> None:
    target = Dying()
    target.left = 20
    with pytest.raises(StoreError, match="down"):
        back(source, target, tmp_path)
    with pytest.raises(RegistryError, match="never finished"):
        restore_store(target, MemoryStore(), scratch=tmp_path)


def publish_and_collect(store: Store) -> None:
    make(store, 3)
    collect(store, Word(who="gc", when=NOW), keep_days=0)


def test_a_publication_and_a_collection_at_any_moment_leave_the_backup_consistent(
    source: Hooked, tmp_path: Path
) -> None:
    def work(moment: int) -> tuple[Hooked, MemoryStore, Copied]:
        store, target = Hooked(), MemoryStore()
        store._objects, store.at = dict(source._objects), moment
        store.hook = partial(publish_and_collect, store)
        return store, target, back(store, target, tmp_path)

    moments = work(0)[0].requests
    ends = set()
    for moment in range(1, moments + 1, 7):
        store, target, copied = work(moment)
        assert (moment, copied.faults) == (moment, ())
        assert damages(target) == []
        ends.add(Registry(target).production()[0])
        named = {record.version for _, record in Registry(target).log().records()}
        assert {*Registry(target).versions()} <= named
        assert back(store, target, tmp_path).faults == ()
        assert Registry(target).production() == Registry(store).production()
    assert moments > 30
    assert len(ends) == 2


def test_the_documents_of_a_run_are_copied_as_they_were_at_one_moment(source: Hooked, tmp_path: Path) -> None:
    def write(number: int) -> None:
        for key in ("a", "b"):
            source.put(f"runs/night-2/{key}.json", b'{"n": %d}' % number)

    write(1)

    def again(key: str) -> None:
        if key == "runs/night-2/a.json" and source.get("runs/night-2/b.json") == b'{"n": 1}':
            write(2)

    source.on_get = again
    target = MemoryStore()
    assert back(source, target, tmp_path).faults == ()
    assert {target.get(f"runs/night-2/{key}.json") for key in ("a", "b")} == {b'{"n": 2}'}


def test_a_run_that_never_rests_is_named_and_left_out(source: Hooked, tmp_path: Path) -> None:
    source.put("runs/busy/a.json", b"{}")

    def again(key: str) -> None:
        if key == "runs/busy/a.json":
            source.put(key, b'{"t": "%d"}' % source.requests)

    source.on_get = again
    target = MemoryStore()
    assert [fault.what for fault in back(source, target, tmp_path).faults] == ["busy"]
    assert not any(target.list("runs/busy"))


def test_a_place_with_something_else_a_later_state_and_another_store_are_refused(
    source: Hooked, tmp_path: Path
) -> None:
    photos, later, other = MemoryStore(), MemoryStore(), MemoryStore()
    photos.create("holiday.jpg", b"")
    back(source, later, tmp_path)
    grown = MemoryStore()
    grown._objects = dict(source._objects)
    make(grown, 3)
    back(grown, later, tmp_path)
    stranger = MemoryStore()
    fill(stranger)
    back(stranger, other, tmp_path)
    for target, why in (
        (photos, "not empty"),
        (later, "back before anything moves the alias"),
        (other, "another store"),
    ):
        held = contents(target)
        with pytest.raises(RegistryError, match=why):
            back(source, target, tmp_path)
        assert contents(target) == held


def test_a_store_without_a_production_is_neither_backed_up_nor_restored(tmp_path: Path) -> None:
    with pytest.raises(NotInitialised):
        back(MemoryStore(), FolderStore(tmp_path / "backup"), tmp_path)
    with pytest.raises(RegistryError, match="has no production"):
        restore_store(MemoryStore(), FolderStore(tmp_path / "new"), scratch=tmp_path)


@pytest.mark.parametrize("place", ["store", "store/backup", "."])
def test_a_backup_needs_a_place_of_its_own(tmp_path: Path, place: str) -> None:
    store = FolderStore(tmp_path / "store")
    with pytest.raises(RegistryError, match="a place of its own"):
        back(store, FolderStore(tmp_path / place), tmp_path)


class Overwriting(MemoryStore):
    """A store that ignores that a write must create."""

    def create(self, key: str, data: bytes) -> None:
        self.put(key, data)


def test_nothing_is_restored_into_a_store_that_cannot_keep_two_writers_apart(
    source: Hooked, tmp_path: Path
) -> None:
    store = Overwriting()
    with pytest.raises(StoreError, match="two runs could both promote"):
        restore_store(source, store, scratch=tmp_path)
    assert contents(store) == {}


def test_a_restore_needs_an_empty_store_and_goes_on_where_it_was_interrupted(
    source: Hooked, tmp_path: Path
) -> None:
    backup, store = MemoryStore(), Dying()
    back(source, backup, tmp_path)
    store.left = 12
    with pytest.raises(StoreError, match="down"):
        restore_store(backup, store, scratch=tmp_path)
    store.left = 1_000
    with pytest.raises(RegistryError, match=r"not empty.*--resume"):
        restore_store(backup, store, scratch=tmp_path)
    assert restore_store(backup, store, scratch=tmp_path, resume=True).faults == ()
    assert contents(store) == contents(source)
    assert not any(store.list("backup/"))


def test_a_store_that_has_moved_on_is_not_overwritten_by_a_resumed_restore(
    source: Hooked, tmp_path: Path
) -> None:
    backup = MemoryStore()
    back(source, backup, tmp_path)
    make(source, 3)
    with pytest.raises(RegistryError, match="later state"):
        restore_store(backup, source, scratch=tmp_path, resume=True)


def test_signed_documents_stay_signed_without_the_private_key(tmp_path: Path) -> None:
    bucket, target = MemoryStore(), MemoryStore()
    fill(trusted(bucket, (), OLD))
    assert back(trusted(bucket, (OLD.public_key(),)), target, tmp_path).faults == ()
    assert contents(target) == contents(bucket)
    restored = MemoryStore()
    restore_store(trusted(target, (OLD.public_key(),)), restored, scratch=tmp_path)
    assert Registry(trusted(restored, (OLD.public_key(),))).production()[0].startswith("0002-")


def test_what_nobody_trusted_signed_is_named_and_never_enters_the_backup(tmp_path: Path) -> None:
    bucket, target = MemoryStore(), MemoryStore()
    fill(trusted(bucket, (), OLD))
    believed = trusted(bucket, (OLD.public_key(),))
    back(believed, target, tmp_path)
    held = contents(target)
    forge(bucket)
    faults = back(believed, target, tmp_path).faults
    assert {fault.where for fault in faults} == forged_places(bucket)
    assert all("signed" in fault.detail for fault in faults if fault.where != "aliases/production")
    forged = {blob_of(3)}  # named by its digest, it harms nobody
    assert {key for key in contents(target) if key not in held} == forged


def test_what_nobody_trusted_signed_in_a_backup_is_named_and_never_restored(tmp_path: Path) -> None:
    backup, restored = MemoryStore(), MemoryStore()
    fill(trusted(backup, (), OLD))
    held = contents(backup)
    forge(backup)
    faults = restore_store(trusted(backup, (OLD.public_key(),)), restored, scratch=tmp_path).faults
    assert {fault.where for fault in faults} == forged_places(backup)
    assert contents(restored).keys() == held.keys() | {blob_of(3)}


def forge(bucket: Store) -> None:
    """Write to every signed place with another key, or with none."""
    stranger = trusted(bucket, (), NEW)
    bucket.put("batches/c/a/report.json", b"{}\n")
    make(bucket, 3)
    judge(stranger, "night-9", version=None)
    release = Decision(id="r", word=BatchWord.RELEASE, who="eve", why="mine", when=WHEN)
    assert Log(stranger, "decisions/b", Decision).append(release, after=1)
    RunDocuments(store=stranger, id="night/9").write(Speed(words=1, candidate=1.0, origin=1.0))


def forged_places(bucket: Store) -> set[str]:
    version = next(iter(Registry(bucket).versions_at(3)))
    return {"batches", "aliases/production", version, "judgements", "decisions/b", "runs"}


def test_what_was_signed_again_with_a_new_key_replaces_what_the_old_one_signed(tmp_path: Path) -> None:
    bucket, target = MemoryStore(), MemoryStore()
    fill(trusted(bucket, (), OLD))
    back(trusted(bucket, (OLD.public_key(),)), target, tmp_path)
    assert list(adopt(bucket, (OLD.public_key(),), NEW, Word(who="ada", when=NOW)))
    assert back(trusted(bucket, (NEW.public_key(),)), target, tmp_path).faults == ()
    assert contents(target) == contents(bucket)
    assert trusted(target, (NEW.public_key(),)).get("decisions/b/999999999998.json")


def test_a_judgement_waits_for_the_move_that_it_tells_of(source: Hooked, tmp_path: Path) -> None:
    target = MemoryStore()
    version = make(source, 3)
    for run, made in (("night-2", None), ("night-3", version), ("night-4", None)):
        judge(source, run, version=made)
    source.delete(blob_of(3))
    back(source, target, tmp_path)
    assert judgements(target).length() == 1
    source.put(blob_of(3), name(3))
    back(source, target, tmp_path)
    assert judgements(target).length() == 3


@pytest.mark.long
def test_a_store_restored_from_a_bucket_is_sound_and_serves_and_learns(
    s3_store: Store, tmp_path: Path
) -> None:
    with tarfile.open(STORE) as archive:
        archive.extractall(tmp_path / "lost", filter="data")
    lost = FolderStore(tmp_path / "lost")
    lost.create("inbox/wednesday.jsonl", write_examples(tech_batch(160, 180)))
    assert back(lost, s3_store, tmp_path).faults == ()
    restored = World(FolderStore(tmp_path / "restored"), tmp_path / "new cache")
    assert restore_store(s3_store, restored.store, scratch=tmp_path).faults == ()
    assert contents(restored.store) == contents(lost)
    assert list(verify_all(restored.store)) == []
    assert diagnose(restored.workspace, POLICIES, now=WHEN).is_well
    assert ModelStore(restored.store.url, cache=restored.cache).load()("Linus Torvalds likes TLS.").ents
    before, _ = Registry(restored.store).production()
    corpus = replace(POLICIES.corpus, rehearsal_texts=20, memory_per_label=10)
    version = restored.night("night-2", quick(replace(POLICIES, corpus=corpus)))
    assert version
    assert Registry(restored.store).manifest(version).parent == before
    assert back(restored.store, s3_store, tmp_path).faults == ()  # the backup goes on with the new store
    assert Registry(s3_store).production()[0] == version
