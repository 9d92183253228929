"""What passes between the tasks of a run is believed only with a signature, where there is a key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.errors import Untrusted
from techner.core.manifest import FileEntry
from techner.registry.trust import trusted
from techner.runs.run import Run
from techner.store import MemoryStore

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ENTRY = FileEntry(path="model", sha256="0" * 64, size_bytes=1)


@pytest.fixture
def bucket() -> MemoryStore:
    """Return a bucket with one signed document of run-1, and another of run-2."""
    store = MemoryStore()
    signing = trusted(store, (), KEY)
    Run(store=signing, id="run-1", cache=Path()).write("candidate.json", ENTRY)
    evil = FileEntry(path="evil", sha256="1" * 64, size_bytes=1)
    Run(store=signing, id="run-2", cache=Path()).write("candidate.json", evil)
    return store


def read(bucket: MemoryStore) -> FileEntry:
    return Run(store=trusted(bucket, (KEY.public_key(),)), id="run-1", cache=Path()).read(
        "candidate.json", FileEntry
    )


def test_a_document_that_a_task_wrote_is_read_by_the_next(bucket: MemoryStore) -> None:
    assert read(bucket) == ENTRY


def test_an_altered_document_is_refused(bucket: MemoryStore) -> None:
    key = "runs/run-1/candidate.json"
    bucket.put(key, bucket.get(key).replace(b"model", b"devil"))
    with pytest.raises(Untrusted, match=r"candidate\.json is altered"):
        read(bucket)


def test_a_signed_document_of_another_run_is_refused(bucket: MemoryStore) -> None:
    for end in ("", ".sig"):
        bucket.put(f"runs/run-1/candidate.json{end}", bucket.get(f"runs/run-2/candidate.json{end}"))
    with pytest.raises(Untrusted):
        read(bucket)


def test_an_unsigned_document_is_refused(bucket: MemoryStore) -> None:
    bucket.delete("runs/run-1/candidate.json.sig")
    with pytest.raises(Untrusted, match="not signed"):
        read(bucket)


def test_without_a_key_nothing_is_signed() -> None:
    store = MemoryStore()
    Run(store=store, id="run-1", cache=Path()).write("candidate.json", ENTRY)
    assert [entry.key for entry in store.list()] == ["runs/run-1/candidate.json"]
