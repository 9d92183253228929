"""Files by content: whole, verified, sent once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import IntegrityError, StoreRefused
from techner.core.examples import digest
from techner.core.manifest import FileEntry
from techner.registry.blobs import blob_key, load_bytes, save_bytes, save_folder
from techner.registry.layout import _link, checkout, lay_out
from techner.store import MemoryStore, Store

FILES = {
    "config.cfg": b"[nlp]",
    "ner/model": bytes(range(256)),
    "ner/moves": b"",
    "vocab/deep/strings.json": b"[]",
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


class Narrow(MemoryStore):
    """Takes no large file, as S3 takes none beyond 5 GiB."""

    def upload(self, key: str, path: Path) -> None:
        if path.stat().st_size > 100:
            raise StoreRefused(f"{path.name} is too large")
        super().upload(key, path)


def test_a_model_with_a_file_that_is_too_large_is_refused_before_a_byte_is_sent(model: Path) -> None:
    store = Narrow()
    with pytest.raises(StoreRefused, match="model is too large"):
        save_folder(store, model)
    assert list(store.list()) == []


class CountingStore(MemoryStore):
    """Notes what is sent and fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.fetched: list[str] = []

    def upload(self, key: str, path: Path) -> None:
        self.sent.append(key)
        super().upload(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        self.fetched.append(key)
        return super().chunks(key, start=start)


def test_saved_folder_is_checked_out_again(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    into = checkout(store, files, into=tmp_path / "out" / "v1", cache=tmp_path / "cache")
    assert contents(into) == FILES


def test_entries_of_a_folder_name_path_size_and_digest(model: Path) -> None:
    expected = {FileEntry(path=p, sha256=digest(data), size_bytes=len(data)) for p, data in FILES.items()}
    assert set(save_folder(MemoryStore(), model)) == expected


def test_unchanged_files_are_not_sent_again(model: Path) -> None:
    store = CountingStore()
    save_folder(store, model)
    store.sent.clear()
    (model / "ner" / "model").write_bytes(b"trained")
    save_folder(store, model)
    assert store.sent == [blob_key(digest(b"trained"))]


def test_files_with_the_same_bytes_share_a_blob(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"same")
    (tmp_path / "b").write_bytes(b"same")
    store = CountingStore()
    assert [entry.path for entry in save_folder(store, tmp_path)] == ["a", "b"]
    assert len(store.sent) == 1


def test_second_checkout_fetches_only_what_changed(model: Path, tmp_path: Path) -> None:
    store = CountingStore()
    checkout(store, save_folder(store, model), into=tmp_path / "v1", cache=tmp_path / "cache")
    (model / "ner" / "model").write_bytes(b"trained")
    files = save_folder(store, model)
    store.fetched.clear()
    checkout(store, files, into=tmp_path / "v2", cache=tmp_path / "cache")
    assert store.fetched == [blob_key(digest(b"trained"))]


def test_damaged_file_in_the_cache_is_fetched_again(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    cache = tmp_path / "cache"
    checkout(store, files, into=tmp_path / "v1", cache=cache)
    (cache / "blobs" / digest(FILES["config.cfg"])).write_bytes(b"[bad]")
    assert contents(checkout(store, files, into=tmp_path / "v2", cache=cache)) == FILES


def test_checkout_of_an_altered_blob_is_refused(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    store.put(blob_key(digest(FILES["ner/model"])), b"evil")
    with pytest.raises(IntegrityError, match=r"ner/model: blob .* was altered"):
        checkout(store, files, into=tmp_path / "out", cache=tmp_path / "cache")


def test_checkout_of_a_missing_blob_is_refused(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    store.delete(blob_key(digest(FILES["ner/model"])))
    with pytest.raises(IntegrityError, match=r"ner/model: blob .* is missing"):
        checkout(store, files, into=tmp_path / "out", cache=tmp_path / "cache")


def test_refused_checkout_leaves_nothing_behind(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    store.put(blob_key(digest(FILES["ner/model"])), b"evil")
    with pytest.raises(IntegrityError):
        checkout(store, files, into=tmp_path / "versions" / "v1", cache=tmp_path / "cache")
    assert list((tmp_path / "versions").iterdir()) == []
    assert digest(FILES["ner/model"]) not in {path.name for path in (tmp_path / "cache" / "blobs").iterdir()}


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "..\\evil", "..", "", "."])
def test_path_outside_the_model_is_refused(path: str, tmp_path: Path) -> None:
    store = MemoryStore()
    entry = save_bytes(store, b"evil", path="fine")
    with pytest.raises(IntegrityError, match="outside the model"):
        checkout(store, [replace(entry, path=path)], into=tmp_path / "in" / "v1", cache=tmp_path / "cache")
    assert not (tmp_path / "in" / "v1").exists()


def test_checkout_beside_a_faster_one_keeps_its_folder(store: Store, model: Path, tmp_path: Path) -> None:
    files = save_folder(store, model)
    first = checkout(store, files, into=tmp_path / "out" / "v1", cache=tmp_path / "one")
    assert checkout(store, files, into=tmp_path / "out" / "v1", cache=tmp_path / "two") == first
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["v1"]
    assert contents(first) == FILES


def test_checkout_into_a_folder_with_other_files_is_refused(model: Path, tmp_path: Path) -> None:
    store, into = MemoryStore(), tmp_path / "out" / "v1"
    files = save_folder(store, model)
    into.mkdir(parents=True)
    (into / "config.cfg").write_bytes(b"of another version")
    with pytest.raises(IntegrityError, match="v1 holds the wrong files"):
        checkout(store, files, into=into, cache=tmp_path / "cache")


def test_model_laid_out_after_a_checkout_cannot_be_written_through_its_links(
    store: Store, model: Path, tmp_path: Path
) -> None:
    files = save_folder(store, model)
    checkout(store, files, into=tmp_path / "out", cache=tmp_path / "cache")
    folder = lay_out(store, "v1", files, cache=tmp_path / "cache")
    assert {path.stat().st_mode & 0o222 for path in folder.rglob("*") if path.is_file()} == {0}


def test_copy_where_no_link_is_possible_cannot_be_written_either(tmp_path: Path) -> None:
    blob, target = tmp_path / "blob", tmp_path / "target"
    blob.write_bytes(b"new")
    target.write_bytes(b"in the way of a link")
    _link(blob, target)
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o222 == 0


def test_saved_bytes_are_loaded_again(store: Store) -> None:
    assert load_bytes(store, save_bytes(store, b"memory", path="memory.jsonl")) == b"memory"


def test_same_bytes_can_be_saved_twice(store: Store) -> None:
    first = save_bytes(store, b"memory", path="memory.jsonl")
    assert save_bytes(store, b"memory", path="memory.jsonl") == first


def test_load_of_altered_bytes_is_refused(store: Store) -> None:
    entry = save_bytes(store, b"memory", path="memory.jsonl")
    store.put(blob_key(entry.sha256), b"MEMORY")
    with pytest.raises(IntegrityError, match=r"memory\.jsonl: blob .* was altered"):
        load_bytes(store, entry)


def test_load_of_missing_bytes_is_refused(store: Store) -> None:
    entry = FileEntry(path="memory.jsonl", sha256=digest(b"gone"), size_bytes=4)
    with pytest.raises(IntegrityError, match=r"memory\.jsonl: blob .* is missing"):
        load_bytes(store, entry)
