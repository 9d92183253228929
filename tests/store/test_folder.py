"""What is special about a store in a folder."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from techner.core.errors import ObjectExists, StoreError
from techner.store import FolderStore
from techner.store.folder_files import in_the_way

Writer = Callable[[FolderStore, str, bytes], None]


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_scratch_file_of_a_killed_writer_is_not_listed(folder: FolderStore) -> None:
    folder.create("a", b"1")
    (folder.root / ".tmp" / "left-over").write_bytes(b"half")
    assert [entry.key for entry in folder.list()] == ["a"]


def test_scratch_files_of_writers_killed_long_ago_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    FolderStore(tmp_path).create("a", b"1")
    for name, age_s in (("left", 25 * 3600), ("living", 60)):
        (tmp_path / ".tmp" / name).write_bytes(b"half")
        os.utime(tmp_path / ".tmp" / name, (time.time() - age_s,) * 2)
    FolderStore(tmp_path).create("b", b"1")
    assert [path.name for path in (tmp_path / ".tmp").iterdir()] == ["living"]


def test_refused_create_leaves_no_scratch_file(folder: FolderStore) -> None:
    folder.create("a", b"1")
    with pytest.raises(ObjectExists):
        folder.create("a", b"2")
    assert list((folder.root / ".tmp").iterdir()) == []


@pytest.mark.parametrize("method", [FolderStore.create, FolderStore.put])
@pytest.mark.parametrize("key", ["taken", "file/below", "file/far/below"])
def test_folder_or_file_in_the_way_is_named(folder: FolderStore, method: Writer, key: str) -> None:
    folder.create("taken/a", b"1")
    folder.create("file", b"1")
    with pytest.raises(StoreError, match=f"cannot write '{key}'.*(?i:directory|folder|file)") as caught:
        method(folder, key, b"2")
    # ObjectExists would tell callers that the object is there, and they would go on without it.
    assert not isinstance(caught.value, ObjectExists)


def test_files_put_there_by_hand_are_objects(folder: FolderStore) -> None:
    (folder.root / "inbox").mkdir(parents=True)
    (folder.root / "inbox" / "monday.jsonl").write_bytes(b"{}")
    assert [entry.key for entry in folder.list("inbox/")] == ["inbox/monday.jsonl"]
    assert folder.get("inbox/monday.jsonl") == b"{}"


def test_tag_changes_when_a_file_is_rewritten_in_place(folder: FolderStore) -> None:
    folder.create("inbox/a", b"one")
    os.utime(folder.root / "inbox" / "a", (0, 0))  # delivered long ago
    before = next(folder.list("inbox/")).tag
    with (folder.root / "inbox" / "a").open("r+b") as file:
        file.write(b"two")
    assert next(folder.list("inbox/")).tag != before


def test_reading_an_absent_folder_does_not_make_it(folder: FolderStore) -> None:
    assert list(folder.list()) == []
    assert not folder.root.exists()


def test_two_stores_of_one_folder_see_the_same(folder: FolderStore) -> None:
    folder.create("a", b"1")
    assert FolderStore(folder.root).get("a") == b"1"


def test_url_of_a_folder_names_it(tmp_path: Path) -> None:
    assert FolderStore(tmp_path / "a b").url == f"file://{tmp_path}/a%20b"


def test_an_object_that_the_disk_refuses_is_a_store_error_that_says_why(
    folder: FolderStore, tmp_path: Path
) -> None:
    folder.root.mkdir()
    (folder.root / "loop").symlink_to(folder.root / "loop")
    reads: list[Callable[[str], object]] = [
        folder.get,
        lambda key: list(folder.chunks(key)),
        lambda key: folder.download(key, tmp_path / "copy"),
        lambda key: list(folder.list(key)),
    ]
    for read in reads:
        with pytest.raises(StoreError, match=r"cannot read 'loop' .*: Too many levels of symbolic links"):
            read("loop")
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_cannot_be_looked_into_is_not_taken_for_an_empty_one(folder: FolderStore) -> None:
    folder.root.mkdir()
    (folder.root / "aliases").symlink_to(folder.root / "aliases")
    with pytest.raises(StoreError, match=r"cannot read 'aliases/' .*: Too many levels of symbolic links"):
        list(folder.list("aliases/"))


@pytest.mark.parametrize("root", ["taken", "taken/below"])
def test_a_file_in_the_place_of_the_store_is_said_and_is_no_empty_store(tmp_path: Path, root: str) -> None:
    (tmp_path / "taken").write_bytes(b"")
    store = FolderStore(tmp_path / root)
    for use in (
        lambda: store.get("a"),
        lambda: list(store.list()),
        lambda: list(store.list("b/")),
        lambda: store.create("a", b"1"),
    ):
        with pytest.raises(StoreError, match="taken is not a folder, but stands in the place of one: move"):
            use()


def test_a_full_disk_says_to_free_space(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with pytest.raises(StoreError, match="No space left on device; free space there"):
        FolderStore(tmp_path)._write("a", lambda _: full.write_bytes(b"1"), exclusive=True)


def test_a_folder_that_another_process_makes_is_never_taken_for_a_file(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(1000)]

    def look(folder: Path) -> str | None:
        while not (problem := in_the_way(folder)) and not folder.is_dir():
            pass
        return problem

    with ThreadPoolExecutor(1) as other:
        for folder in folders:
            looking = other.submit(look, folder)
            folder.mkdir()
            assert looking.result() is None
