"""A backup is pruned of what nothing in it needs, and no backup or restore beside that is harmed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from techner.core.errors import RegistryError, StoreRefused
from techner.operate.collect import collect
from techner.operate.prune import WRITING, plan_prune, prune, writing
from techner.registry import Registry
from techner.runs.documents import RunDocuments
from techner.runs.judgements import Word, judgements
from techner.runs.reservation import CONDEMNED
from techner.store import MemoryStore, Store
from tests.hooked import Hooked
from tests.operate.test_backup import DAY, NOW, back, contents, damages, fill, make, several_in_memory
from tests.operate.test_collect import plan_of
from tests.registry.making import WHEN

WORD = Word(who="ada", when=NOW)
__all__ = ["several_in_memory"]


@pytest.fixture
def source() -> MemoryStore:
    """Return a store with five versions, of which a collection removes two."""
    store = MemoryStore()
    fill(store)
    for number in (3, 4):
        make(store, number)
    return store


@pytest.fixture
def backup(source: MemoryStore, tmp_path: Path) -> Hooked:
    target = Hooked()
    back(source, target, tmp_path)
    return target


def copy_of(store: MemoryStore) -> Hooked:
    copy = Hooked()
    copy._objects = dict(store._objects)
    return copy


def test_after_a_collection_and_a_prune_store_and_backup_hold_the_same(
    source: MemoryStore, backup: Hooked, tmp_path: Path
) -> None:
    collect(source, WORD, keep_days=0)
    back(source, backup, tmp_path)
    assert len(list(Registry(backup).versions())) == 5
    planned = plan_prune(backup, now=NOW, keep_days=0)
    assert len(planned.versions) == 2
    assert prune(backup, WORD, keep_days=0) == planned
    assert contents(backup) == contents(source)
    assert back(source, backup, tmp_path).objects == 0


def test_what_the_days_to_keep_cover_stays(backup: Hooked) -> None:
    held = contents(backup)
    assert prune(backup, WORD, keep_days=1_000).versions == ()
    assert contents(backup) == held


def test_no_run_is_ended_in_a_backup_so_that_its_logs_stay_those_of_the_store(
    source: MemoryStore, tmp_path: Path
) -> None:
    old = list(Registry(source).versions())[1]
    RunDocuments(store=source, id="night-0").write(plan_of(source, old))
    backup = MemoryStore()
    back(source, backup, tmp_path)
    found = prune(backup, WORD, keep_days=0)
    assert (found.runs, found.undecided) == ((), ("night-0", "night/1"))
    assert judgements(backup).length() == 0
    assert "night-0" in collect(source, WORD, keep_days=0).runs
    assert back(source, backup, tmp_path).faults == ()


def make_of_old_files(store: Store) -> None:
    """Promote a version whose files the backup holds already, because of one that is pruned."""
    before, live = Registry(store).production()
    old = next(name for name in Registry(store).versions() if name.startswith("0001"))
    made = replace(live, number=5, parent=before, files=Registry(store).manifest(old).files)
    version = Registry(store).create(made)
    Registry(store).move(version, expected=before, who="me", why="as before", when=WHEN + 5 * DAY)


def refused(work: Callable[[], object]) -> None:
    with suppress(RegistryError):
        work()


def test_a_prune_at_any_moment_of_a_backup_leaves_it_whole(
    source: MemoryStore, backup: Hooked, tmp_path: Path
) -> None:
    make_of_old_files(source)

    def work(moment: int) -> Hooked:
        target = copy_of(backup)
        target.at, target.hook = moment, lambda: refused(partial(prune, target, WORD, keep_days=0))
        assert back(source, target, tmp_path).faults == ()
        return target

    moments = work(0).requests
    for moment in range(1, moments + 1):
        target = work(moment)
        assert (moment, damages(target)) == (moment, [])
        assert Registry(target).production() == Registry(source).production()
    assert moments > 20


def test_a_backup_at_any_moment_of_a_prune_leaves_it_whole(
    source: MemoryStore, backup: Hooked, tmp_path: Path
) -> None:
    make_of_old_files(source)

    def work(moment: int) -> Hooked:
        target = copy_of(backup)
        target.at, target.hook = moment, lambda: refused(partial(back, source, target, tmp_path))
        refused(partial(prune, target, WORD, keep_days=0))
        return target

    moments = work(0).requests
    for moment in range(1, moments + 1, 3):
        target = work(moment)
        assert (moment, damages(target)) == (moment, [])
        assert not any(target.list(CONDEMNED))
        assert back(source, target, tmp_path).faults == ()
    assert moments > 30


def test_a_backup_that_was_killed_keeps_others_from_pruning_until_a_person_says_so(
    source: MemoryStore, backup: Hooked, tmp_path: Path
) -> None:
    killed = writing(backup, lambda: NOW)
    killed.__enter__()
    with pytest.raises(RegistryError, match=r"has been written to since .*add --resume only"):
        prune(backup, WORD, keep_days=0)
    assert len(list(Registry(backup).versions())) == 5
    assert prune(backup, WORD, keep_days=0, resume=True).versions
    assert not any(backup.list(WRITING))
    assert back(source, backup, tmp_path).faults == ()


def test_a_prune_that_was_killed_keeps_others_from_backing_up_until_it_is_resumed(
    source: MemoryStore, backup: Hooked, tmp_path: Path
) -> None:
    held = copy_of(backup)
    prune(held, WORD, keep_days=0)
    backup.requests, backup.at = 0, held.requests - 2

    def die() -> None:
        raise KeyboardInterrupt

    backup.hook = die
    with pytest.raises(KeyboardInterrupt):
        prune(backup, WORD, keep_days=0)
    with pytest.raises(RegistryError, match=r"ada has been pruning .*--resume"):
        back(source, backup, tmp_path)
    with pytest.raises(RegistryError, match="--resume"):
        prune(backup, WORD, keep_days=0)
    prune(backup, WORD, keep_days=0, resume=True)
    assert back(source, backup, tmp_path).faults == ()


class Kept(MemoryStore):
    """A backup in which whoever writes it may not delete."""

    def delete(self, key: str) -> None:
        raise StoreRefused(f"AccessDenied for {key}")


def test_a_backup_needs_no_right_to_delete(source: MemoryStore, tmp_path: Path) -> None:
    target = Kept()
    assert back(source, target, tmp_path).faults == ()
    blob = next(target.list("blobs/")).key
    target.put(blob, b"")
    faults = back(source, target, tmp_path).faults
    why = "is damaged in the copy, and this login may not delete it there (AccessDenied"
    assert any(why in fault.detail for fault in faults)
    pruned = copy_of(target)
    pruned.delete(blob)
    back(source, pruned, tmp_path)
    assert prune(pruned, WORD, keep_days=0).versions
    assert not any(pruned.list(WRITING))


def test_what_is_no_backup_is_not_pruned(source: Store) -> None:
    with pytest.raises(RegistryError, match="is no backup; `techner model gc`"):
        prune(source, WORD)


def test_a_damaged_document_of_a_run_stops_a_prune_before_it_removes_anything(backup: Hooked) -> None:
    backup.put("runs/night/1/speed.json", b"[")
    held = contents(backup)
    with pytest.raises(Exception, match="is not a JSON object"):
        prune(backup, WORD, keep_days=0)
    assert contents(backup) == held
