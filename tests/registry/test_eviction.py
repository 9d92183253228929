"""Eviction: bounds of bytes and age hold, and nothing goes that somebody uses."""

import json
import logging
import multiprocessing
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from techner.core.eviction import EvictionPolicy
from techner.core.manifest import FileEntry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.cache_entries import ABANDONED_S, DAY_S
from techner.registry.cache_folder import is_file_of
from techner.registry.eviction import Evicted, evict
from techner.registry.fetch import fetch
from techner.registry.layout import checkout, holds_exactly, lay_out
from techner.registry.leases import Lease, blob_name, model_name
from techner.registry.workspace import Workspace
from techner.store import MemoryStore

NONE = EvictionPolicy(max_bytes=0, max_days=0)
SMALL = EvictionPolicy(max_bytes=1, max_days=0)
SHARED = b"vocab" * 20
SIZE = 1_000
VERSIONS = tuple(f"{number:04d}-{number:016x}" for number in range(3))


def files(store: MemoryStore, number: int) -> tuple[FileEntry, ...]:
    own = save_bytes(store, bytes([number]) * SIZE, path="ner/model")
    return own, save_bytes(store, SHARED, path="vocab/strings.json")


def age(path: Path, seconds: float) -> None:
    """Let a file, or all files of a folder, look as if they were last used and changed so long ago."""
    when = time.time() - seconds
    for one in (path, *path.rglob("*")) if path.is_dir() else (path,):
        os.utime(one, (when, when))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def cache(store: MemoryStore, tmp_path: Path) -> Path:
    """Return a cache with three models of 1000 bytes each, and a file of 100 that they share."""
    for number, version in reversed(list(enumerate(VERSIONS))):
        lay_out(store, version, files(store, number), cache=tmp_path)
        age(tmp_path / "blobs" / files(store, number)[0].sha256, (3 - number) * DAY_S)
    age(tmp_path / "blobs" / files(store, 0)[1].sha256, DAY_S)
    return tmp_path


def models(cache: Path) -> set[str]:
    return {path.name for path in (cache / "models").iterdir()}


def blobs(cache: Path) -> set[str]:
    return {path.name for path in (cache / "blobs").iterdir()}


def test_the_longest_unused_goes_first_until_the_bound_holds(cache: Path, store: MemoryStore) -> None:
    found = evict(cache, EvictionPolicy(max_bytes=2_200, max_days=0))
    assert found == Evicted(entries=2, freed_bytes=SIZE, size_bytes=2_100)
    assert models(cache) == {*VERSIONS[1:]}
    assert files(store, 0)[0].sha256 not in blobs(cache)
    assert files(store, 0)[1].sha256 in blobs(cache)


def test_what_nobody_used_for_too_long_goes_however_little_there_is(cache: Path) -> None:
    evict(cache, EvictionPolicy(max_bytes=0, max_days=1.5))
    assert models(cache) == {VERSIONS[2]}


def test_without_a_bound_everything_stays(cache: Path) -> None:
    age(cache / "models", 10_000 * DAY_S)
    assert evict(cache, NONE) == Evicted(entries=0, freed_bytes=0, size_bytes=3_100)
    assert models(cache) == {*VERSIONS}


def test_it_says_how_much_went_and_what_is_left(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        evict(cache, EvictionPolicy(max_bytes=2_200, max_days=0))
        assert f"2 entries of {cache} evicted, 0.0 MB; it holds 0.0 MB" in caplog.text
        caplog.clear()
        evict(cache, EvictionPolicy(max_bytes=2_200, max_days=0))
    assert caplog.text == ""


def test_to_use_a_model_makes_it_the_last_to_go(cache: Path, store: MemoryStore) -> None:
    lay_out(store, VERSIONS[0], files(store, 0), cache=cache)
    evict(cache, EvictionPolicy(max_bytes=2_200, max_days=0))
    assert models(cache) == {VERSIONS[0], VERSIONS[2]}


def test_to_check_a_file_is_to_use_it_also_where_the_disk_does_not_note_each_read(
    cache: Path, store: MemoryStore
) -> None:
    entry = files(store, 0)[0]
    path = cache / "blobs" / entry.sha256
    path.read_bytes()  # most file systems note the first read after a change, and then none for a day
    before = path.stat()
    assert is_file_of(path, entry)
    assert path.stat().st_atime_ns > before.st_atime_ns
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_the_version_that_a_service_would_fall_back_to_stays(cache: Path, store: MemoryStore) -> None:
    record = cache / "stores" / "some store" / "aliases" / "production.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"version": VERSIONS[0]}))
    evict(cache, SMALL)
    assert models(cache) == {VERSIONS[0]}
    assert blobs(cache) == {entry.sha256 for entry in files(store, 0)}  # to remove them would free nothing
    assert record.exists()


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_where_it_cannot_be_told_what_is_current_nothing_goes(
    cache: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    record = cache / "stores" / "some store" / "aliases" / "production.json"
    record.parent.mkdir(parents=True)
    record.write_text(text)
    assert evict(cache, SMALL) is None
    assert models(cache) == {*VERSIONS}
    assert f"nothing of {cache} is evicted" in caplog.text
    assert "production.json" in caplog.text


@pytest.mark.parametrize("place", ["stores", "stores/of another user/aliases", "leases"])
def test_where_another_user_hides_what_is_in_use_nothing_goes(
    as_anybody: Path, store: MemoryStore, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    lay_out(store, VERSIONS[0], files(store, 0), cache=as_anybody)
    hidden = as_anybody / place
    hidden.mkdir(parents=True, exist_ok=True)
    hidden.chmod(0)
    assert evict(as_anybody, SMALL) is None
    hidden.chmod(stat.S_IRWXU)
    assert models(as_anybody) == {VERSIONS[0]}
    assert str(hidden) in caplog.text


def test_a_model_that_may_not_be_read_to_its_end_is_not_taken_apart(
    as_anybody: Path, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    folder = lay_out(store, VERSIONS[0], files(store, 0), cache=as_anybody)
    age(folder, 100 * DAY_S)
    (folder / "ner").chmod(0)
    evict(as_anybody, EvictionPolicy())
    (folder / "ner").chmod(stat.S_IRWXU)
    assert holds_exactly(folder, files(store, 0))
    assert f"{folder / 'ner'} cannot be read" in caplog.text


def test_a_lease_that_another_user_keeps_from_being_tried_counts_and_stops_no_eviction(
    as_anybody: Path, store: MemoryStore
) -> None:
    for number in (0, 1):
        lay_out(store, VERSIONS[number], files(store, number), cache=as_anybody)
    with Lease(as_anybody, [model_name(VERSIONS[0])]):
        next((as_anybody / "leases").glob("*.lock")).chmod(stat.S_IRUSR)
        evict(as_anybody, SMALL)
        assert models(as_anybody) == {VERSIONS[0]}


def test_what_is_leased_stays_until_the_lease_ends(cache: Path, store: MemoryStore) -> None:
    with Lease(cache, [model_name(VERSIONS[0])]), Lease(cache, [blob_name(files(store, 1)[0])]):
        evict(cache, SMALL)
        assert models(cache) == {VERSIONS[0]}
        assert files(store, 1)[0].sha256 in blobs(cache)
    evict(cache, SMALL)
    assert models(cache) == set()
    assert blobs(cache) == set()
    assert not any((cache / "leases").iterdir())


def test_a_lease_ends_with_its_process_however_that_ends(cache: Path) -> None:
    fork = multiprocessing.get_context("fork")
    holds = fork.Event()

    def hold() -> None:
        kept = Lease(cache, [model_name(VERSIONS[0])])
        holds.set()
        while kept:
            time.sleep(1)

    other = fork.Process(target=hold)
    other.start()
    assert holds.wait(30)
    evict(cache, SMALL)
    assert models(cache) == {VERSIONS[0]}
    other.kill()
    other.join()
    evict(cache, SMALL)
    assert models(cache) == set()


def test_a_fork_does_not_end_the_lease_of_its_parent_who_closes_it(cache: Path) -> None:
    lease = Lease(cache, [model_name(VERSIONS[0])])
    other = multiprocessing.get_context("fork").Process(target=lease.close)
    other.start()
    other.join()
    evict(cache, SMALL)
    assert models(cache) == {VERSIONS[0]}
    lease.close()
    evict(cache, SMALL)
    assert models(cache) == set()


def test_a_lease_that_cannot_be_read_stops_the_eviction(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Lease(cache, []):
        next((cache / "leases").glob("*.json")).write_text("{")
        assert evict(cache, SMALL) is None
    assert models(cache) == {*VERSIONS}
    assert "it cannot be told what is in use" in caplog.text


def test_a_bound_smaller_than_a_model_stops_nobody_and_is_told(
    cache: Path, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(store=store, cache=cache, eviction=SMALL)
    with workspace.model(files(store, 0)) as one, workspace.model(files(store, 1)) as other:
        assert holds_exactly(one, files(store, 0))
        assert holds_exactly(other, files(store, 1))
    assert blobs(cache) == models(cache) == set()
    assert "in use, and eviction.max_bytes allows 0.0" in caplog.text
    assert not list(cache.glob("run-*"))


def test_one_process_evicts_while_another_checks_out(cache: Path, store: MemoryStore) -> None:
    fork = multiprocessing.get_context("fork")
    evicting, done = fork.Event(), fork.Event()

    def evict_on() -> None:
        while not done.is_set():
            evict(cache, SMALL)
            evicting.set()

    other = fork.Process(target=evict_on)
    other.start()
    assert evicting.wait(30)
    try:
        for turn in range(6):
            wanted = files(store, turn % 3)
            assert holds_exactly(checkout(store, wanted, into=cache / f"out-{turn}", cache=cache), wanted)
            with Lease(cache, [model_name(VERSIONS[turn % 3])]):
                folder = lay_out(store, VERSIONS[turn % 3], wanted, cache=cache)
                assert holds_exactly(folder, wanted)
    finally:
        done.set()
        other.join()


def test_a_blob_that_goes_between_check_and_use_is_fetched_again(store: MemoryStore, tmp_path: Path) -> None:
    held, missing = files(store, 0)

    class Emptied(MemoryStore):
        """While the missing blob is fetched, somebody who knows of no lease removes the other one."""

        times = 0

        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            if key == blob_key(missing.sha256):
                self.times += 1
                (tmp_path / "blobs" / held.sha256).unlink()
            return super().chunks(key, start=start)

    emptied = Emptied()
    files(emptied, 0)
    for number, into in enumerate((tmp_path / "out", None), 1):
        fetch(emptied, [held], cache=tmp_path)
        if into:
            folder = checkout(emptied, (held, missing), into=into, cache=tmp_path)
        else:
            folder = lay_out(emptied, VERSIONS[0], (held, missing), cache=tmp_path)
        assert holds_exactly(folder, (held, missing))
        assert emptied.times == number
        (tmp_path / "blobs" / missing.sha256).unlink()


def test_a_clock_that_jumps_ahead_takes_nothing_from_a_task_at_work(cache: Path, store: MemoryStore) -> None:
    workspace = Workspace(store=store, cache=cache)
    with workspace.model(files(store, 0)) as folder, Lease(cache, ["candidates/ours"]):
        (cache / "candidates" / "ours").mkdir(parents=True)
        age(cache, 3_650 * DAY_S)
        evict(cache, EvictionPolicy())
        assert holds_exactly(folder, files(store, 0))
        assert (cache / "candidates" / "ours").exists()
    assert models(cache) == set()


def test_a_clock_that_was_ahead_keeps_nothing_for_ever(cache: Path) -> None:
    for place in ("models", "blobs"):
        age(cache / place, -3_650 * DAY_S)
    evict(cache, EvictionPolicy())
    assert models(cache) == {*VERSIONS}
    for place in ("models", "blobs"):
        assert all(path.stat().st_atime <= time.time() for path in (cache / place).rglob("*"))


def test_what_killed_tasks_left_counts_and_goes_after_two_days(cache: Path) -> None:
    for name in ("candidates/old", "candidates/new", "run-old", "run-new"):
        (cache / name).mkdir(parents=True)
        (cache / name / "model").write_bytes(bytes(500))
        age(cache / name, ABANDONED_S + (60 if name.endswith("old") else -60))
    found = evict(cache, EvictionPolicy(max_bytes=5_100, max_days=0))
    assert found == Evicted(entries=2, freed_bytes=1_000, size_bytes=4_100)
    assert {path.name for path in (cache / "candidates").iterdir()} == {"new"}
    assert [path.name for path in cache.glob("run-*")] == ["run-new"]


def test_links_are_not_followed_and_what_is_not_of_the_cache_stays(
    cache: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "ner").mkdir()
    (outside / "ner" / "model").write_bytes(bytes(500))
    (cache / "models" / "0009-0123456789abcdef").symlink_to(outside)
    (cache / "blobs" / ("0" * 64)).symlink_to(outside / "ner" / "model")
    (cache / "candidates").symlink_to(outside)
    (cache / "blobs" / "notes.txt").write_text("mine")
    evict(cache, EvictionPolicy(max_bytes=1, max_days=1e-6))
    assert (outside / "ner" / "model").exists()
    assert models(cache) == {"0009-0123456789abcdef"}
    assert blobs(cache) == {"0" * 64, "notes.txt"}
    assert f"{cache / 'candidates'} cannot be read" in caplog.text


def test_what_another_process_evicts_it_leaves_alone(cache: Path) -> None:
    (cache / "locks").mkdir(exist_ok=True)
    with FileLock(cache / "locks" / "evict.lock"):
        assert evict(cache, SMALL) is None
    assert models(cache) == {*VERSIONS}


def test_without_room_for_a_lease_the_cache_still_serves(
    cache: Path, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    for left in (cache / "leases").iterdir():
        left.unlink()
    (cache / "leases").rmdir()
    (cache / "leases").write_text("")  # no folder can be made here, as on a full disk
    assert holds_exactly(checkout(store, files(store, 0), into=cache / "out", cache=cache), files(store, 0))
    assert "may be evicted meanwhile" in caplog.text
    assert evict(cache, SMALL)


def test_a_cache_that_is_not_there_needs_no_eviction(tmp_path: Path) -> None:
    assert evict(tmp_path / "none", SMALL) == Evicted(entries=0, freed_bytes=0, size_bytes=0)
    assert not (tmp_path / "none").exists()
