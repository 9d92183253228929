"""Nights on a store with keys: nothing that somebody else wrote into the bucket is learnt or acted on."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError, Untrusted
from techner.core.records import BatchWord
from techner.inbox.admissions import admission_digest, admission_folder
from techner.inbox.decisions import decide, decisions
from techner.inbox.survey import Status, survey
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.plan import plan
from techner.operate.adopt import adopt
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.trust import trusted
from techner.store import FolderStore
from tests.world import WHEN, WORD, World, quick, tech_batch

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
FORGED = b'{"text": "Mallory uses TLS", "entities": [[0, 7, "PROTOCOL"]]}\n' * 24


@pytest.fixture
def bucket(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "bucket")


@pytest.fixture
def signed(origin_store: Path, bucket: FolderStore, tmp_path: Path) -> World:
    """Return a world with keys, and one delivery."""
    world = World(trusted(bucket, (), KEY), tmp_path / "cache")
    source = FolderStore(origin_store)
    for entry in source.list():
        world.store.put(entry.key, source.get(entry.key))
    world.deliver("first.jsonl", tech_batch(0, 30))
    return world


def only(world: World) -> tuple[BatchRef, str]:
    """Return the one delivery, and where its examination is."""
    ref = survey(world.store, quick(), cache=world.cache)[0].ref
    return ref, admission_folder(ref, admission_digest(ref, quick(), Registry(world.store).production()[1]))


def status(world: World) -> Status:
    return survey(world.store, quick(), cache=world.cache)[0].status


def test_rows_that_somebody_else_admitted_are_examined_anew_and_never_learnt(
    signed: World, bucket: FolderStore
) -> None:
    ref, folder = only(signed)
    assert plan(signed.run("before"), quick())
    admit(signed.run("before"), ref.digest)
    good = {name: bucket.get(f"{folder}/{name}") for name in ("examples.jsonl", "report.json")}
    bucket.put(f"{folder}/examples.jsonl", FORGED)
    report = good["report.json"].replace(b'"accepted": 30', b'"accepted": 24')
    bucket.put(f"{folder}/report.json", report)
    assert status(signed) is Status.PENDING
    with pytest.raises(IntegrityError):
        assemble(signed.run("before"))
    assert admit(signed.run("before"), ref.digest).accepted == 30
    assert {name: bucket.get(f"{folder}/{name}") for name in good} == good
    assert assemble(signed.run("before"))


def test_rows_alone_that_were_exchanged_are_examined_anew(signed: World, bucket: FolderStore) -> None:
    ref, folder = only(signed)
    assert plan(signed.run(), quick())
    admit(signed.run(), ref.digest)
    bucket.put(f"{folder}/examples.jsonl", FORGED)
    with pytest.raises(Untrusted):
        assemble(signed.run())
    assert admit(signed.run(), ref.digest).accepted == 30
    assert assemble(signed.run())


@pytest.mark.parametrize("word", BatchWord)
def test_a_word_that_nobody_signed_holds_the_batch_until_a_person_says_another(
    signed: World, bucket: FolderStore, word: BatchWord
) -> None:
    ref, _ = only(signed)
    decide(signed.store, ref, BatchWord.HOLD, who="test", why="rejected", when=WHEN)
    decide(bucket, ref, word, who="test", why="forged", when=WHEN)
    state = survey(signed.store, quick(), cache=signed.cache)[0]
    assert state.status is Status.HELD
    assert state.decision
    assert "not signed" in state.decision.why
    assert plan(signed.run(), quick()) is None
    decide(signed.store, ref, BatchWord.RELEASE, who="test", why="looked at it", when=WHEN)
    assert status(signed) is Status.PENDING
    assert decisions(signed.store, ref).length() == 3


def test_an_old_release_played_again_does_not_count(signed: World, bucket: FolderStore) -> None:
    ref, _ = only(signed)
    for word in (BatchWord.RELEASE, BatchWord.HOLD):
        decide(signed.store, ref, word, who="test", why=word, when=WHEN)
    first = max(entry.key for entry in bucket.list("decisions/"))
    bucket.put(f"decisions/{ref.digest}/{999_999_999_999 - 3}.json", bucket.get(first))
    assert status(signed) is Status.HELD


def test_what_an_older_techner_left_unsigned_is_signed_by_a_person(
    signed: World, bucket: FolderStore
) -> None:
    ref, _ = only(signed)
    decide(bucket, ref, BatchWord.EXCLUDE, who="ada", why="wrong project", when=WHEN)
    key = next(entry.key for entry in bucket.list("decisions/"))
    bucket.put(
        key, bucket.get(key).replace(b',\n "signature": null', b"").replace(b' "signature": null,\n', b"")
    )
    assert b"signature" not in bucket.get(key)
    assert status(signed) is Status.HELD
    assert [*adopt(bucket, (), KEY, WORD)] == [key]
    assert status(signed) is Status.EXCLUDED
    assert [*adopt(bucket, (), KEY, WORD)] == []


def test_a_record_with_a_false_signature_is_not_adopted(signed: World, bucket: FolderStore) -> None:
    ref, _ = only(signed)
    decide(
        trusted(bucket, (), Ed25519PrivateKey.generate()), ref, BatchWord.RELEASE, who="x", why="x", when=WHEN
    )
    assert [*adopt(bucket, (), KEY, WORD)] == []
    assert status(signed) is Status.HELD


def test_a_decision_with_a_false_signature_is_named_as_damage(signed: World, bucket: FolderStore) -> None:
    ref, _ = only(signed)
    stranger = trusted(bucket, (), Ed25519PrivateKey.generate())
    decide(stranger, ref, BatchWord.RELEASE, who="x", why="x", when=WHEN)
    (fault,) = verify_all(signed.store)
    assert (fault.where, fault.what) == (f"decisions on {ref.digest[:12]}", "record 1")
    assert "is not signed by a trusted key" in fault.detail
