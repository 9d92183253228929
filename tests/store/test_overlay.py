"""An overlay: the store below stays as it is."""

from pathlib import Path

import pytest

from techner.core.errors import ObjectExists, ObjectMissing, StoreError
from techner.store import MemoryStore
from techner.store.overlay import OverlayStore


@pytest.fixture
def below() -> MemoryStore:
    store = MemoryStore()
    store.create("runs/a", b"below")
    store.create("runs/c", b"below")
    return store


@pytest.fixture
def overlay(below: MemoryStore) -> OverlayStore:
    return OverlayStore(inner=below, upper=MemoryStore())


def test_what_is_below_is_read(overlay: OverlayStore, tmp_path: Path) -> None:
    overlay.download("runs/a", tmp_path / "a")
    assert overlay.get("runs/a") == (tmp_path / "a").read_bytes() == b"".join(overlay.chunks("runs/a"))


def test_what_is_written_hides_what_is_below_and_leaves_it_as_it_was(
    overlay: OverlayStore, below: MemoryStore, tmp_path: Path
) -> None:
    overlay.put("runs/a", b"above")
    overlay.download("runs/a", tmp_path / "a")
    read = {overlay.get("runs/a"), (tmp_path / "a").read_bytes(), b"".join(overlay.chunks("runs/a"))}
    assert read == {b"above"}
    assert below.get("runs/a") == b"below"


def test_an_upload_stays_above(overlay: OverlayStore, below: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"above")
    overlay.upload("blobs/x", tmp_path / "file")
    assert overlay.get("blobs/x") == b"above"
    with pytest.raises(ObjectMissing):
        below.get("blobs/x")


@pytest.mark.parametrize("key", ["runs/a", "runs/b"])
def test_a_key_that_is_taken_in_either_cannot_be_created(overlay: OverlayStore, key: str) -> None:
    overlay.put("runs/b", b"above")
    with pytest.raises(ObjectExists):
        overlay.create(key, b"again")


def test_both_are_listed_in_order_each_key_once(overlay: OverlayStore) -> None:
    overlay.put("runs/b", b"above")
    overlay.put("runs/c", b"longer")
    assert [(entry.key, entry.size_bytes) for entry in overlay.list("runs/")] == [
        ("runs/a", 5),
        ("runs/b", 5),
        ("runs/c", 6),
    ]
    assert [entry.key for entry in overlay.list("runs/", limit=2)] == ["runs/a", "runs/b"]


def test_only_what_was_written_above_can_be_removed(overlay: OverlayStore) -> None:
    overlay.put("runs/b", b"above")
    overlay.delete("runs/b")
    assert [entry.key for entry in overlay.list()] == ["runs/a", "runs/c"]
    with pytest.raises(StoreError, match="below an overlay"):
        overlay.delete("runs/a")


def test_no_address_is_given_away(overlay: OverlayStore) -> None:
    assert overlay.presigned("runs/a", seconds=1) is None
