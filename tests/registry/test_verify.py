"""`verify` reads everything again and says which file is not what it was."""

from collections.abc import Callable
from pathlib import Path

import pytest

from techner.core.examples import digest
from techner.core.manifest import FileEntry, Manifest
from techner.registry import Registry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.verify import verify_alias, verify_store, verify_versions
from techner.registry.versions import manifest_key
from techner.store import FolderStore, MemoryStore, Store
from tests.registry.making import WHEN, manifest

MODEL = {"config.cfg": b"[nlp]", "ner/model": bytes(range(256)), "vocab/strings.json": b"[]"}
RECORDS = {"card.md": b"# card", "memory.jsonl": b"{}\n"}


def whole(number: int = 0) -> Manifest:
    def entry(path: str, data: bytes) -> FileEntry:
        return FileEntry(path=path, sha256=digest(data), size_bytes=len(data))

    return manifest(
        number,
        files=tuple(entry(path, data) for path, data in MODEL.items()),
        records={path: entry(path, data) for path, data in RECORDS.items()},
    )


def filled(store: Store) -> tuple[Store, str]:
    for path, data in (MODEL | RECORDS).items():
        save_bytes(store, data, path=path)
    version = Registry(store).create(whole())
    Registry(store).move(version, expected=None, who="me", why="origin", when=WHEN)
    return store, version


def truncate(store: Store, data: bytes) -> None:
    store.put(blob_key(digest(data)), data[:-1])


def flip(store: Store, data: bytes) -> None:
    store.put(blob_key(digest(data)), bytes([data[0] ^ 1]) + data[1:])


def swap(store: Store, data: bytes) -> None:
    other = MODEL["config.cfg"] if data != MODEL["config.cfg"] else MODEL["ner/model"]
    store.put(blob_key(digest(data)), other)


def remove(store: Store, data: bytes) -> None:
    store.delete(blob_key(digest(data)))


def lengthen(store: Store, data: bytes) -> None:
    store.put(blob_key(digest(data)), data + b"x")


def test_a_whole_store_has_no_fault(store: Store) -> None:
    _, version = filled(store)
    assert list(verify_store(store, [version])) == []


@pytest.mark.parametrize("path", [*MODEL, *RECORDS])
@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (truncate, "is cut short"),
        (flip, "was altered"),
        (swap, "holds the bytes of"),
        (remove, "is missing"),
        (lengthen, "was altered"),
    ],
)
def test_every_tampered_file_is_named_with_what_was_done(
    tamper: Callable[[Store, bytes], None], said: str, path: str
) -> None:
    store, version = filled(MemoryStore())
    tamper(store, (MODEL | RECORDS)[path])
    faults = list(verify_store(store, [version]))
    assert [(fault.where, fault.what) for fault in faults] == [(version, path)]
    assert said in faults[0].detail


def test_a_blob_that_is_a_link_to_other_bytes_is_named(tmp_path: Path) -> None:
    store, version = filled(FolderStore(tmp_path / "store"))
    blob = tmp_path / "store" / blob_key(digest(MODEL["ner/model"]))
    (tmp_path / "secret").write_bytes(b"secret")
    blob.unlink()
    blob.symlink_to(tmp_path / "secret")
    assert [fault.what for fault in verify_versions(store, [version])] == ["ner/model"]


def test_a_manifest_that_names_a_file_outside_the_model_is_a_fault() -> None:
    store = MemoryStore()
    entry = save_bytes(store, b"evil", path="../evil")
    version = Registry(store).create(manifest(files=(entry,)))
    assert [fault.what for fault in verify_versions(store, [version])] == ["../evil"]


def test_a_wrong_size_in_the_manifest_is_a_fault() -> None:
    store = MemoryStore()
    save_bytes(store, b"1234", path="a")
    entry = FileEntry(path="a", sha256=digest(b"1234"), size_bytes=5)
    version = Registry(store).create(manifest(files=(entry,)))
    assert "the manifest says 5" in next(iter(verify_versions(store, [version]))).detail


@pytest.mark.parametrize("data", [b"", b"{}", None])
def test_a_tampered_manifest_is_named_by_version_and_alias(data: bytes | None) -> None:
    store, version = filled(MemoryStore())
    if data is None:
        store.delete(manifest_key(version))
    else:
        store.put(manifest_key(version), data)
    faults = list(verify_store(store, [version]))
    assert [(fault.where, fault.what) for fault in faults] == [
        ("production", "generation 1"),
        (version, "manifest.json"),
    ]


def key(number: int) -> str:
    return f"aliases/production/{999_999_999_999 - number}.json"


@pytest.fixture
def moved() -> Store:
    """Return a store whose production moved four times."""
    store, before = filled(MemoryStore())
    for number in range(1, 4):
        version = Registry(store).create(whole(number))
        Registry(store).move(version, expected=before, who="me", why="better", when=WHEN)
        before = version
    return store


def test_a_whole_log_has_no_fault(moved: Store) -> None:
    assert list(verify_alias(moved, "production")) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_generation_is_noticed(moved: Store, number: int) -> None:
    moved.delete(key(number))
    assert [fault.what for fault in verify_alias(moved, "production")] == [f"generation {number}"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_altered_generation_is_noticed(moved: Store, number: int) -> None:
    moved.put(key(number), moved.get(key(number)).replace(b'"who": "me"', b'"who": "he"'))
    assert [fault.what for fault in verify_alias(moved, "production")] == [f"generation {number}"]


def test_swapped_generations_are_noticed(moved: Store) -> None:
    two, three = moved.get(key(2)), moved.get(key(3))
    moved.put(key(2), three)
    moved.put(key(3), two)
    assert {fault.what for fault in verify_alias(moved, "production")} >= {"generation 2", "generation 3"}


def test_a_generation_that_cannot_be_read_is_noticed(moved: Store) -> None:
    moved.put(key(4), b"{")
    assert [fault.what for fault in verify_alias(moved, "production")] == ["generation 4"]


def test_a_stray_file_in_the_log_is_noticed(moved: Store) -> None:
    moved.put("aliases/production/000.txt", b"")
    assert [fault.where for fault in verify_alias(moved, "production")] == ["production"]
