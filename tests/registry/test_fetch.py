"""Blobs into the cache: only what is missing, resumed, verified, and never outside of it."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import CacheError, IntegrityError, StoreError
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.fetch import QUIET_S, check_files, fetch
from techner.registry.layout import lay_out
from techner.store import MemoryStore, Store
from techner.store.base import CHUNK_BYTES

BIG = bytes(range(256)) * 12_000  # about three chunks
FILES = {"config.cfg": b"[nlp]", "ner/model": BIG, "ner/moves": b"", "vocab/strings.json": b"[]"}


class NotingStore(MemoryStore):
    """Notes where each transfer begins, and breaks the first `breaks` of them after one chunk."""

    def __init__(self, breaks: int = 0) -> None:
        super().__init__()
        self.begun: list[tuple[str, int]] = []
        self.breaks = breaks

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        self.begun.append((key, start))
        for chunk in super().chunks(key, start=start):
            yield chunk
            if self.breaks:
                self.breaks -= 1
                raise StoreError("the connection broke")


def saved(store: Store) -> tuple[FileEntry, ...]:
    return tuple(save_bytes(store, data, path=path) for path, data in FILES.items())


def held(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (cache / "blobs").iterdir()}


WHOLE = {digest(data): data for data in FILES.values()}
ENTRY = FileEntry(path="ner/model", sha256=digest(BIG), size_bytes=len(BIG))


def test_fetched_blobs_are_whole(store: Store, tmp_path: Path) -> None:
    fetch(store, saved(store), cache=tmp_path)
    assert held(tmp_path) == WHOLE


def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    store = NotingStore()
    files = saved(store)
    fetch(store, files[:1], cache=tmp_path)
    store.begun.clear()
    fetch(store, files, cache=tmp_path)
    assert blob_key(files[0].sha256) not in {key for key, _ in store.begun}


def test_broken_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    store = NotingStore(breaks=2)
    saved(store)
    fetch(store, [ENTRY], cache=tmp_path)
    assert [start for _, start in store.begun] == [0, CHUNK_BYTES, 2 * CHUNK_BYTES]
    assert held(tmp_path) == {ENTRY.sha256: BIG}


def test_an_interrupted_fetch_waits_for_no_other_file(tmp_path: Path) -> None:
    class Slow(NotingStore):
        other_began = threading.Event()

        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            if key == blob_key(ENTRY.sha256):
                self.other_began.wait()
                raise KeyboardInterrupt  # as it reaches whoever waits
            self.other_began.set()
            for byte in self.get(key)[start:]:
                yield bytes([byte])

    store = Slow()
    small = save_bytes(store, BIG[:-1], path="vocab/vectors")
    with pytest.raises(KeyboardInterrupt):
        fetch(store, [*saved(store), small], cache=tmp_path)
    assert small.sha256 not in held(tmp_path)
    assert len(held(tmp_path)[f"{small.sha256}.partial"]) < small.size_bytes


def test_store_that_brings_nothing_is_given_up(tmp_path: Path) -> None:
    class Down(MemoryStore):
        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            raise StoreError(f"no answer for {key} from {start}")

    with pytest.raises(StoreError, match="no answer"):
        fetch(Down(), [ENTRY], cache=tmp_path)


def test_what_a_killed_process_left_is_gone_on_with(tmp_path: Path) -> None:
    store = NotingStore()
    saved(store)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / f"{ENTRY.sha256}.partial").write_bytes(BIG[:1000])
    fetch(store, [ENTRY], cache=tmp_path)
    assert [start for _, start in store.begun] == [1000]
    assert held(tmp_path) == {ENTRY.sha256: BIG}


def test_a_file_of_a_killed_process_is_gone_on_with_once_it_is_quiet(tmp_path: Path) -> None:
    store = NotingStore()
    saved(store)
    left = tmp_path / "blobs" / f"{ENTRY.sha256}.0123456789ab.partial"
    left.parent.mkdir()
    left.write_bytes(BIG[:1000])
    long_ago = time.time() - 2 * QUIET_S
    os.utime(left, (long_ago, long_ago))
    fetch(store, [ENTRY], cache=tmp_path)
    assert [start for _, start in store.begun] == [1000]
    assert held(tmp_path) == {ENTRY.sha256: BIG}


def test_a_file_that_another_process_writes_is_left_to_it(tmp_path: Path) -> None:
    store = NotingStore()
    saved(store)
    busy = tmp_path / "blobs" / f"{ENTRY.sha256}.0123456789ab.partial"
    busy.parent.mkdir()
    busy.write_bytes(BIG[:1000])
    fetch(store, [ENTRY], cache=tmp_path)
    assert held(tmp_path) == {ENTRY.sha256: BIG, busy.name: BIG[:1000]}


def test_a_fetch_that_is_cut_off_leaves_what_came_for_the_next_one(tmp_path: Path) -> None:
    class CutOff(NotingStore):
        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            yield next(super().chunks(key, start=start))
            if len(self.begun) == 1:
                raise KeyboardInterrupt

    store = CutOff()
    saved(store)
    with pytest.raises(KeyboardInterrupt):
        fetch(store, [ENTRY], cache=tmp_path)
    again = NotingStore()
    saved(again)
    fetch(again, [ENTRY], cache=tmp_path)
    assert [start for _, start in again.begun] == [CHUNK_BYTES]
    assert held(tmp_path) == {ENTRY.sha256: BIG}


def test_where_locks_do_nothing_threads_fetch_twice_and_the_file_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)  # as on NFS and Lustre
    together = threading.Barrier(3)

    class InStep(NotingStore):
        """Hands out every chunk to three threads at once."""

        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            for chunk in super().chunks(key, start=start):
                together.wait(timeout=60)
                yield chunk

    store = InStep()
    saved(store)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: fetch(store, [ENTRY], cache=tmp_path), range(3)))
    assert [start for _, start in store.begun] == [0, 0, 0]
    assert held(tmp_path) == {ENTRY.sha256: BIG}


@pytest.mark.parametrize("left", [b"garbage", BIG + b"more", b"\0" * len(BIG)])
def test_damaged_left_over_is_thrown_away(left: bytes, tmp_path: Path) -> None:
    store = MemoryStore()
    saved(store)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / f"{ENTRY.sha256}.partial").write_bytes(left)
    fetch(store, [ENTRY], cache=tmp_path)
    assert held(tmp_path) == {ENTRY.sha256: BIG}


@pytest.mark.parametrize("there", [BIG[:-1], BIG + b"!", BIG[:-1] + b"!", b""])
def test_altered_blob_is_refused_and_leaves_nothing(store: Store, there: bytes, tmp_path: Path) -> None:
    saved(store)
    store.put(blob_key(ENTRY.sha256), there)
    with pytest.raises(IntegrityError, match=r"ner/model: blob .* was altered"):
        fetch(store, [ENTRY], cache=tmp_path)
    assert held(tmp_path) == {}


def test_blob_that_does_not_end_is_given_up_at_its_size(tmp_path: Path) -> None:
    taken = []

    class Endless(MemoryStore):
        def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            for number in range(start, start + 50):
                taken.append(f"{key} {number}")
                yield bytes(CHUNK_BYTES)

    with pytest.raises(IntegrityError, match="altered"):
        fetch(Endless(), [ENTRY], cache=tmp_path)
    assert len(taken) == 1 + len(BIG) // CHUNK_BYTES


def test_missing_blob_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"ner/model: blob .* is missing"):
        fetch(store, [ENTRY], cache=tmp_path)
    assert held(tmp_path) == {}


def test_disk_that_is_too_small_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    store = NotingStore()
    files = [*saved(store), replace(ENTRY, path="vectors", sha256="0" * 64, size_bytes=10**18)]
    with pytest.raises(CacheError, match=r"10{9}\d{3}\.\d MB to fetch, but only .* MB of disk are free"):
        fetch(store, files, cache=tmp_path)
    assert store.begun == []


def test_partial_file_that_another_process_finishes_meanwhile_is_no_error(tmp_path: Path) -> None:
    vast = replace(ENTRY, size_bytes=10**18)  # ends each try right after the look at the partial files
    partial = tmp_path / "blobs" / f"{ENTRY.sha256}.partial"
    partial.parent.mkdir()
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            partial.touch()
            partial.unlink()

    with ThreadPoolExecutor(1) as other:
        running = other.submit(come_and_go)
        try:
            for _ in range(300):
                with pytest.raises(CacheError, match="MB to fetch"):
                    fetch(MemoryStore(), [vast], cache=tmp_path)
        finally:
            done.set()
        running.result()


@pytest.mark.parametrize("taken", ["", "blobs", "locks", "models"])
def test_a_file_in_the_place_of_a_folder_of_the_cache_is_named(taken: str, tmp_path: Path) -> None:
    store, cache = MemoryStore(), tmp_path / "cache"
    if taken:
        cache.mkdir()
    (cache / taken).write_bytes(b"")
    with pytest.raises(CacheError, match=f"{cache / taken} is not a folder, but stands in the place of one"):
        lay_out(store, "0001-a", saved(store), cache=cache)


LINKS = [(ENTRY.sha256, BIG), (ENTRY.sha256, b"other"), (f"{ENTRY.sha256}.partial", BIG[:5])]


@pytest.mark.parametrize(("name", "there"), LINKS, ids=["same bytes", "other bytes", "partial"])
def test_link_in_the_cache_is_replaced_and_not_written_through(
    name: str, there: bytes, tmp_path: Path
) -> None:
    store = MemoryStore()
    saved(store)
    outside = tmp_path / "outside"
    outside.write_bytes(there)
    (tmp_path / "cache" / "blobs").mkdir(parents=True)
    (tmp_path / "cache" / "blobs" / name).symlink_to(outside)
    fetch(store, [ENTRY], cache=tmp_path / "cache")
    assert outside.read_bytes() == there
    assert not (tmp_path / "cache" / "blobs" / ENTRY.sha256).is_symlink()
    assert held(tmp_path / "cache") == {ENTRY.sha256: BIG}


def test_cache_whose_blobs_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "blobs").symlink_to(tmp_path)
    with pytest.raises(CacheError, match="blobs is a symbolic link"):
        fetch(MemoryStore(), [ENTRY], cache=tmp_path / "cache")


def test_eight_threads_on_one_cache_fetch_each_blob_once(tmp_path: Path) -> None:
    store = NotingStore()
    files = saved(store)
    together = threading.Barrier(8)

    def pull(_: int) -> None:
        together.wait()
        fetch(store, files, cache=tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pull, range(8)))
    assert sorted(key for key, _ in store.begun) == sorted(blob_key(e.sha256) for e in files if e.size_bytes)
    assert held(tmp_path) == WHOLE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(
            ({"path": path}, "outside the model")
            for path in ("../evil", "/evil", "a/../../b", "a\\b", "", ".")
        ),
        ({"path": "a\0b"}, "outside the model"),
        ({"path": "config.cfg/below"}, "below a file"),
        ({"path": "config.cfg"}, "twice"),
        ({"sha256": "../../evil"}, "does not say what is in"),
        ({"sha256": "A" * 64}, "does not say what is in"),
        ({"size_bytes": -1}, "does not say what is in"),
    ],
)
def test_manifest_that_cannot_be_laid_out_is_refused(changes: dict[str, object], said: str) -> None:
    files = (replace(ENTRY, path="config.cfg"), replace(ENTRY, **changes))  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match=said):
        check_files(files)
