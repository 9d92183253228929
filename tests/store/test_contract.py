"""What every store promises; run over memory, a folder and S3."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from techner.core.errors import ObjectExists, ObjectMissing, StoreError
from techner.store import Store

UNSAFE = {
    "empty": "",
    "absolute": "/etc/passwd",
    "parent": "..",
    "climbing": "runs/../../secret",
    "current": "./a",
    "dot inside": "a/./b",
    "double slash": "a//b",
    "trailing slash": "a/",
    "backslash": "a\\b",
    "NUL": "a\0b",
    "newline": "a\nb",
    "escape": "a\x1bb",
    "delete": "a\x7fb",
    "line separator": "a\u2028b",
    "lone surrogate": "a\ud800b",
    "long name": "n" * 256,
    "long name in bytes": "é" * 128,
    "long key": "/".join(["n" * 100] * 9),
}


def keys(store: Store, prefix: str = "", *, limit: int | None = None) -> list[str]:
    return [entry.key for entry in store.list(prefix, limit=limit)]


def tag(store: Store, key: str) -> str:
    return next(store.list(key)).tag


def test_created_bytes_are_read_back(store: Store) -> None:
    data = bytes(range(256)) * 5
    store.create("a/b", data)
    assert store.get("a/b") == data


def test_empty_object_is_an_object(store: Store) -> None:
    store.create("empty", b"")
    assert store.get("empty") == b""
    assert [entry.size_bytes for entry in store.list()] == [0]


def test_create_refuses_a_key_that_is_taken(store: Store) -> None:
    store.create("a", b"old")
    with pytest.raises(ObjectExists, match="'a'"):
        store.create("a", b"new")


def test_refused_create_leaves_the_old_bytes(store: Store) -> None:
    store.create("a", b"old")
    with pytest.raises(ObjectExists):
        store.create("a", b"new")
    assert store.get("a") == b"old"


def test_put_overwrites(store: Store) -> None:
    store.put("runs/a", b"old")
    store.put("runs/a", b"new")
    assert store.get("runs/a") == b"new"


def test_deleted_object_is_missing(store: Store) -> None:
    store.put("runs/a", b"1")
    store.delete("runs/a")
    assert keys(store) == []


def test_deleted_key_can_be_created_again(store: Store) -> None:
    store.create("a", b"1")
    store.delete("a")
    store.create("a", b"2")
    assert store.get("a") == b"2"


@pytest.mark.parametrize("key", ["missing", "folder/missing", "object/below"])
def test_delete_of_a_missing_object_is_no_error(store: Store, key: str) -> None:
    store.put("object", b"1")
    store.delete(key)
    assert keys(store) == ["object"]


@pytest.mark.parametrize("key", ["missing", "folder", "object/below"])
def test_get_of_a_missing_object_raises_object_missing(store: Store, key: str) -> None:
    store.put("object", b"1")
    store.put("folder/a", b"1")
    with pytest.raises(ObjectMissing, match=f"'{key}'"):
        store.get(key)


def test_download_of_a_missing_object_writes_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match="'missing'"):
        store.download("missing", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_uploaded_file_is_downloaded_again(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 9000)  # more than one chunk
    store.upload("big", source)
    store.download("big", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_upload_refuses_a_key_that_is_taken_and_leaves_the_old_bytes(store: Store, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    store.create("a", b"old")
    with pytest.raises(ObjectExists):
        store.upload("a", tmp_path / "source")
    assert store.get("a") == b"old"


def test_download_replaces_the_file_that_was_there(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"longer than the object")
    store.create("a", b"short")
    store.download("a", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"short"


@pytest.mark.parametrize("start", [0, 1, 255 * 9000, 256 * 9000, 256 * 9000 + 7])
def test_chunks_are_the_bytes_from_a_start_on(store: Store, start: int) -> None:
    data = bytes(range(256)) * 9000  # more than one chunk
    store.create("big", data)
    assert b"".join(store.chunks("big", start=start)) == data[start:]


def test_empty_object_has_no_chunks(store: Store) -> None:
    store.create("empty", b"")
    assert b"".join(store.chunks("empty")) == b""


def test_chunks_of_a_missing_object_raise_object_missing(store: Store) -> None:
    with pytest.raises(ObjectMissing, match="'missing'"):
        list(store.chunks("missing"))


def test_list_is_in_utf8_byte_order(store: Store) -> None:
    names = ["a-b", "a.b", "a/b", "a/b-c", "a/c/d", "a0", "B", "z", "é", "日", "\ufb00", "😀"]
    for name in reversed(names):
        store.create(name, b"")
    assert keys(store) == sorted(names, key=lambda name: name.encode())


def test_list_yields_sizes(store: Store) -> None:
    store.create("a", b"12345")
    store.create("b", b"12")
    assert [(entry.key, entry.size_bytes) for entry in store.list()] == [("a", 5), ("b", 2)]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["log/001", "log/002", "log/1/a", "logs/1", "other"]),
        ("log", ["log/001", "log/002", "log/1/a", "logs/1"]),
        ("log/", ["log/001", "log/002", "log/1/a"]),
        ("log/00", ["log/001", "log/002"]),
        ("log/1", ["log/1/a"]),
        ("log/001", ["log/001"]),
        ("nothing", []),
        ("nothing/at/all", []),
        ("other/", []),
    ],
)
def test_list_takes_any_prefix(store: Store, prefix: str, expected: list[str]) -> None:
    for key in ("log/001", "log/002", "log/1/a", "logs/1", "other"):
        store.create(key, b"")
    assert keys(store, prefix) == expected


def test_list_of_an_empty_store_is_empty(store: Store) -> None:
    assert keys(store) == []


@pytest.mark.parametrize("limit", [1, 3, 5, 9])
def test_list_stops_at_the_limit(store: Store, limit: int) -> None:
    names = [f"log/{number}" for number in range(5)]
    for name in names:
        store.create(name, b"")
    assert keys(store, "log/", limit=limit) == names[:limit]


@pytest.mark.parametrize("prefix", ["../", "log/../../", "/"])
def test_list_never_leaves_the_store(store: Store, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    store.create("log/1", b"")
    assert keys(store, prefix) == []


@pytest.mark.parametrize(
    "key", [".hidden", "a/.tmp", "a b/c d", "a+b&c=d#e?f", "100%", "%2e%2e/a", "é/日本/😀"]
)
def test_unusual_but_safe_keys_are_kept_and_listed(store: Store, key: str) -> None:
    store.create(key, b"1")
    assert store.get(key) == b"1"
    assert keys(store) == [key]


@pytest.mark.parametrize("key", ["n" * 255, "/".join(["n" * 179] * 5)])
def test_longest_keys_are_kept(store: Store, key: str) -> None:
    store.create(key, b"1")
    assert keys(store) == [key]


def test_tag_changes_when_other_bytes_of_the_same_size_are_put(store: Store) -> None:
    store.put("inbox/a", b"one")
    before = tag(store, "inbox/a")
    store.put("inbox/a", b"two")
    assert tag(store, "inbox/a") != before


def test_tag_stays_while_nothing_is_written(store: Store) -> None:
    store.put("inbox/a", b"one")
    before = tag(store, "inbox/a")
    store.put("inbox/b", b"two")
    assert tag(store, "inbox/a") == before


def test_one_of_sixteen_racing_creates_wins(store: Store) -> None:
    start = threading.Barrier(16)

    def create(number: int) -> int | None:
        start.wait()
        try:
            store.create("race", b"%d" % number)
        except ObjectExists:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(create, range(16)) if number is not None]
    assert len(winners) == 1
    assert store.get("race") == b"%d" % winners[0]


@pytest.mark.parametrize("key", UNSAFE.values(), ids=UNSAFE.keys())
def test_unsafe_key_is_refused(store: Store, key: str) -> None:
    with pytest.raises(StoreError, match="cannot be a key"):
        store.create(key, b"1")


@pytest.mark.parametrize("method", ["get", "create", "put", "delete", "upload", "download"])
def test_every_method_refuses_to_leave_the_store(store: Store, method: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"outside")
    arguments: dict[str, tuple[object, ...]] = {
        "create": (b"1",),
        "put": (b"1",),
        "upload": (file,),
        "download": (file,),
    }
    with pytest.raises(StoreError, match="cannot be a key"):
        getattr(store, method)("../file", *arguments.get(method, ()))
    assert file.read_bytes() == b"outside"
