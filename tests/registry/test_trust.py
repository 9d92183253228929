"""A trusted store gives out only what was signed for its very place, whatever stands around it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.errors import ObjectMissing, SettingsError, Untrusted
from techner.documents import dump
from techner.registry import Registry
from techner.registry.trust import signature_of, trusted
from techner.store import MemoryStore, Store, Stored
from techner.store.wrapped import WrappedStore
from tests.registry.making import WHEN, generation, manifest

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
PUBLIC = (KEY.public_key(),)
TOP = 999_999_999_999
RECORD = dump(generation("g"))
# Place → another place of the same kind.
PLACES = {
    f"aliases/production/{TOP - 1}.json": f"aliases/production/{TOP - 2}.json",
    "batches/b/a/examples.jsonl": "batches/b/a/quarantine.jsonl",
    "batches/b/a/report.html": "batches/c/a/report.html",
    f"decisions/b/{TOP - 1}.json": f"decisions/c/{TOP - 1}.json",
    "gc/condemned.json": f"judgements/{TOP - 3}.json",
    f"judgements/{TOP - 1}.json": f"judgements/{TOP - 2}.json",
    "runs/r/verdict.json": "runs/s/verdict.json",
    "runs/a/b/plan.json": "runs/a/plan.json",
}


class Plain:
    """A wrapper that knows nothing of keys."""

    def __init__(self, inner: Store) -> None:
        self.inner, self.url, self.identity = inner, inner.url, inner.identity

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def create(self, key: str, data: bytes) -> None:
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return self.inner.list(prefix, limit=limit)

    def upload(self, key: str, path: Path) -> None:
        self.inner.upload(key, path)

    def download(self, key: str, path: Path) -> None:
        self.inner.download(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return self.inner.chunks(key, start=start)

    def presigned(self, key: str, *, seconds: int) -> str | None:
        return self.inner.presigned(key, seconds=seconds)

    def time(self) -> datetime | None:
        return self.inner.time()


class Caching(MemoryStore):
    """A bare store by its type, that asks another one for what it does not have."""

    def __init__(self, inner: Store) -> None:
        super().__init__()
        self.inner = inner

    def get(self, key: str) -> bytes:
        try:
            return super().get(key)
        except ObjectMissing:
            super().put(key, self.inner.get(key))
            return super().get(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return self.inner.list(prefix, limit=limit)


class Forwarding:
    """A wrapper that forwards whatever it is asked."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def wrapped(inner: Store) -> Store:
    return WrappedStore(inner=inner)


def twice(inner: Store) -> Store:
    return Plain(WrappedStore(inner=inner))


WRAPPERS: list[Callable[[Store], Any]] = [Plain, Caching, Forwarding, wrapped, twice]


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_no_wrapper_around_a_trusted_store_turns_verification_off(wrap: Callable[[Store], Store]) -> None:
    bucket = MemoryStore()
    signing = trusted(bucket, (), KEY)
    made = Registry(signing).create(manifest(0))
    Registry(signing).move(made, expected=None, who="me", why="origin", when=WHEN)
    assert Registry(wrap(trusted(bucket, PUBLIC))).production()[0] == made
    forged = Registry(bucket).create(manifest(1))
    Registry(bucket).move(forged, expected=made, who="x", why="x", when=WHEN)
    with pytest.raises(Untrusted):
        Registry(wrap(trusted(bucket, PUBLIC))).production()
    with pytest.raises(Untrusted):
        Registry(wrap(trusted(bucket, PUBLIC))).manifest(forged)


@pytest.mark.parametrize("wrap", [Plain, Forwarding, wrapped, twice])
def test_what_is_written_through_a_wrapper_is_signed(wrap: Callable[[Store], Store]) -> None:
    bucket = MemoryStore()
    store = wrap(trusted(bucket, (), KEY))
    made = Registry(store).create(manifest(0))
    Registry(store).move(made, expected=None, who="me", why="origin", when=WHEN)
    assert Registry(trusted(bucket, PUBLIC)).production()[0] == made


def get(store: Store, key: str, tmp_path: Path) -> bytes:
    del tmp_path
    return store.get(key)


def download(store: Store, key: str, tmp_path: Path) -> bytes:
    store.download(key, tmp_path / "copy")
    return (tmp_path / "copy").read_bytes()


def chunks(store: Store, key: str, tmp_path: Path) -> bytes:
    del tmp_path
    return b"".join(store.chunks(key))


READS = [get, download, chunks]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("key", PLACES)
def test_what_was_signed_is_given_out(
    key: str, read: Callable[[Store, str, Path], bytes], tmp_path: Path
) -> None:
    bucket = MemoryStore()
    trusted(bucket, (), KEY).put(key, RECORD)
    assert read(trusted(bucket, PUBLIC), key, tmp_path) == bucket.get(key)


def unsigned(bucket: MemoryStore, key: str) -> None:
    bucket.put(key, RECORD)


def altered(bucket: MemoryStore, key: str) -> None:
    trusted(bucket, (), KEY).put(key, RECORD)
    bucket.put(key, bucket.get(key).replace(b'"g"', b'"h"'))


def signed_by_another(bucket: MemoryStore, key: str) -> None:
    trusted(bucket, (), OTHER).put(key, RECORD)


def moved(bucket: MemoryStore, key: str) -> None:
    trusted(bucket, (), KEY).put(PLACES[key], RECORD)
    data = bucket.get(PLACES[key])
    bucket.put(key, data)
    signature = signature_of(PLACES[key], data)
    if any(bucket.list(signature)):
        bucket.put(signature_of(key, data), bucket.get(signature))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("forge", [unsigned, altered, signed_by_another, moved])
@pytest.mark.parametrize("key", PLACES)
def test_what_was_not_signed_for_its_place_is_not(
    key: str,
    forge: Callable[[MemoryStore, str], None],
    read: Callable[[Store, str, Path], bytes],
    tmp_path: Path,
) -> None:
    bucket = MemoryStore()
    if key.startswith("aliases/") and forge is moved:
        trusted(bucket, (), KEY).put(key, RECORD)
        bucket.put(PLACES[key], bucket.get(key))
        key = PLACES[key]
    else:
        forge(bucket, key)
    with pytest.raises(Untrusted):
        read(trusted(bucket, PUBLIC), key, tmp_path)


@pytest.mark.parametrize("key", PLACES)
def test_no_place_is_written_with_the_public_key_alone(key: str, tmp_path: Path) -> None:
    bucket = MemoryStore()
    store = trusted(bucket, PUBLIC)
    (tmp_path / "data").write_bytes(RECORD)
    for write in (store.put, store.create):
        with pytest.raises(SettingsError, match="TECHNER_SIGNING_KEY"):
            write(key, RECORD)
    with pytest.raises(SettingsError, match="TECHNER_SIGNING_KEY"):
        store.upload(key, tmp_path / "data")
    assert list(bucket.list()) == []


def test_two_nights_that_examine_one_batch_spoil_no_signature_of_each_other() -> None:
    bucket = MemoryStore()
    key, store = "batches/b/a/report.html", trusted(bucket, (), KEY)
    store.put(key, b"one")
    first = bucket.get(key)
    store.put(key, b"two")
    bucket.put(key, first)  # the page of the one arrives last, its signature first
    assert store.get(key) == b"one"


def test_blobs_and_deliveries_need_no_signature() -> None:
    bucket = MemoryStore()
    for key in ("blobs/sha256/0", "inbox/a.jsonl", "reference/r/about.json", "probe/x"):
        bucket.put(key, b"x")
        assert trusted(bucket, PUBLIC).get(key) == b"x"
