"""What passes between the tasks of a run: each document has one name, and with a key a signature."""

from dataclasses import fields
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.errors import RegistryError, Untrusted
from techner.core.run_documents import Plan, Report
from techner.registry.trust import trusted
from techner.runs.documents import MADE_FROM, NAMES, RunDocument, RunDocuments
from techner.store import MemoryStore

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ENTRY = Report(path="model", sha256="0" * 64, size_bytes=1)


@pytest.fixture
def bucket() -> MemoryStore:
    """Return a bucket with one signed document of run-1, and another of run-2."""
    store = MemoryStore()
    signing = trusted(store, (), KEY)
    RunDocuments(store=signing, id="run-1").write(ENTRY)
    evil = Report(path="evil", sha256="1" * 64, size_bytes=1)
    RunDocuments(store=signing, id="run-2").write(evil)
    return store


def read(bucket: MemoryStore) -> Report:
    return RunDocuments(store=trusted(bucket, (KEY.public_key(),)), id="run-1").read(Report)


def test_a_document_that_a_task_wrote_is_read_by_the_next(bucket: MemoryStore) -> None:
    assert read(bucket) == ENTRY


def test_a_document_that_no_task_wrote_yet_says_what_to_do() -> None:
    for kind, says in ((Plan, "has no plan; `techner run list`"), (Report, "run the tasks in order")):
        with pytest.raises(RegistryError, match=says):
            RunDocuments(store=MemoryStore(), id="run-1").read(kind)


def test_an_altered_document_is_refused(bucket: MemoryStore) -> None:
    key = "runs/run-1/report.json"
    bucket.put(key, bucket.get(key).replace(b"model", b"devil"))
    with pytest.raises(Untrusted, match=r"report\.json is altered"):
        read(bucket)


def test_a_signed_document_of_another_run_is_refused(bucket: MemoryStore) -> None:
    for end in ("", ".sig"):
        bucket.put(f"runs/run-1/report.json{end}", bucket.get(f"runs/run-2/report.json{end}"))
    with pytest.raises(Untrusted):
        read(bucket)


def test_an_unsigned_document_is_refused(bucket: MemoryStore) -> None:
    bucket.delete("runs/run-1/report.json.sig")
    with pytest.raises(Untrusted, match="not signed"):
        read(bucket)


def test_without_a_key_nothing_is_signed() -> None:
    store = MemoryStore()
    RunDocuments(store=store, id="run-1").write(ENTRY)
    assert [entry.key for entry in store.list()] == ["runs/run-1/report.json"]


def test_each_kind_of_document_has_a_name_of_its_own() -> None:
    assert NAMES.keys() == {*get_args(RunDocument)}
    assert len({*NAMES.values()}) == len(NAMES)


def test_each_document_that_is_bound_says_what_it_is_made_from() -> None:
    bound = {kind for kind in NAMES if "made_from" in {field.name for field in fields(kind)}}
    assert bound == MADE_FROM.keys()
