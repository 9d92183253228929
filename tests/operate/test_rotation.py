"""A change of keys: the new one signs what the old one did, and then the old one is trusted no longer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.errors import AliasConflict, SettingsError, Untrusted
from techner.core.examples import digest
from techner.core.records import BatchWord, Decision
from techner.documents import canonical, dump
from techner.operate.adopt import adopt
from techner.registry import Registry
from techner.registry.keyless_store import KeylessStore
from techner.registry.names import record_name
from techner.registry.seen_aliases import remembering
from techner.registry.trust import trusted
from techner.runs.judgements import Word
from techner.store import MemoryStore
from tests.registry.making import WHEN, generation, manifest

OLD, NEW = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
BOTH = (OLD.public_key(), NEW.public_key())
WORD = Word(who="ada", when=WHEN)
DECISION = dump(Decision(id="d", word=BatchWord.HOLD, who="me", why="test", when=WHEN))
PLACES = ("batches/b/a/report.json", "decisions/b/999999999998.json", "gc/condemned.json", "runs/r/plan.json")


def key_of(number: int, alias: str = "production") -> str:
    return f"aliases/{alias}/{record_name(number)}"


def move(store: MemoryStore, key: Ed25519PrivateKey, number: int) -> str:
    """Make a version and point production at it, with this key and both trusted."""
    signing = trusted(store, BOTH, key)
    made = Registry(signing).create(manifest(number))
    newest = Registry(signing).log().newest()
    expected = newest.record.version if newest else None
    Registry(signing).move(made, expected=expected, who="me", why="better", when=WHEN)
    return made


@pytest.fixture
def bucket() -> MemoryStore:
    """Return a store with three moves that the old key signed and two of the new one."""
    bucket = MemoryStore()
    for number, key in enumerate((OLD, OLD, OLD, NEW, NEW)):
        move(bucket, key, number)
    return bucket


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_move_counts_where_the_new_key_signed_one_that_leads_back_to_it(
    bucket: MemoryStore, number: int
) -> None:
    assert trusted(bucket, (NEW.public_key(),)).get(key_of(number)) == bucket.get(key_of(number))
    assert len(list(Registry(trusted(bucket, (NEW.public_key(),))).log().records())) == 5


def altered(bucket: MemoryStore) -> None:
    bucket.put(key_of(2), bucket.get(key_of(2)).replace(b'"me"', b'"us"'))


def exchanged(bucket: MemoryStore) -> None:
    other = MemoryStore()
    for number in (9, 8):
        move(other, OLD, number)
    bucket.put(key_of(2), other.get(key_of(2)))


def gone(bucket: MemoryStore) -> None:
    bucket.delete(key_of(3))


def altered_with_the_one_above(bucket: MemoryStore) -> None:
    altered(bucket)
    above = json.loads(bucket.get(key_of(3))) | {"before": digest(bucket.get(key_of(2)))}
    bucket.put(key_of(3), canonical(above))


@pytest.mark.parametrize("spoil", [altered, altered_with_the_one_above, exchanged, gone])
def test_a_move_of_the_old_key_that_nothing_leads_back_to_is_refused(
    bucket: MemoryStore, spoil: Callable[[MemoryStore], None]
) -> None:
    spoil(bucket)
    with pytest.raises(Untrusted, match="generation 2 of 'production' is altered, or signed by a key"):
        trusted(bucket, (NEW.public_key(),)).get(key_of(2))


def test_the_newest_move_counts_by_its_own_signature_alone(bucket: MemoryStore) -> None:
    move(bucket, OLD, 5)
    with pytest.raises(Untrusted, match="generation 6"):
        Registry(trusted(bucket, (NEW.public_key(),))).production()


def test_what_the_old_key_signed_is_signed_anew_and_then_believed_without_it(tmp_path: Path) -> None:
    bucket = MemoryStore()
    made = [move(bucket, OLD, number) for number in (0, 1)]
    both = trusted(bucket, BOTH, OLD)
    Registry(both).move(made[0], expected=None, who="me", why="audit", when=WHEN, alias="audit")
    for place in PLACES:
        both.put(place, DECISION if place.startswith("decisions/") else dump(generation("g")))
    seen = remembering(trusted(bucket, BOTH), tmp_path, is_signed=True)
    assert Registry(seen).production()[0] == made[1]
    signed = list(adopt(bucket, BOTH, NEW, WORD))
    assert {*PLACES, "aliases/audit", "aliases/production"} <= {*signed}
    alone = trusted(bucket, (NEW.public_key(),))
    assert [Registry(alone).manifest(version).number for version in made] == [0, 1]
    for place in PLACES:
        alone.get(place)
    for alias in Registry(alone).aliases():
        newest = Registry(alone).log(alias).newest()
        assert newest
        assert (newest.record.who, newest.record.version) == ("ada", newest.record.previous)
    assert Registry(remembering(alone, tmp_path, is_signed=True)).production()[0] == made[1]
    assert list(adopt(bucket, BOTH, NEW, WORD)) == []


def test_an_alias_that_moves_while_it_is_signed_anew_is_a_conflict() -> None:
    class Overtaken(MemoryStore):
        is_quiet = True

        def create(self, key: str, data: bytes) -> None:
            if key.startswith("aliases/") and not self.is_quiet:
                self.is_quiet = True
                move(self, OLD, 7)
            super().create(key, data)

    bucket = Overtaken()
    move(bucket, OLD, 0)
    bucket.is_quiet = False
    with pytest.raises(AliasConflict):
        list(adopt(bucket, BOTH, NEW, WORD))


def test_what_no_trusted_key_signed_is_not_signed_anew() -> None:
    bucket = MemoryStore()
    move(bucket, OLD, 0)
    forged = Registry(bucket).create(manifest(7))
    for place in PLACES:
        trusted(bucket, (), Ed25519PrivateKey.generate()).put(place, DECISION)
    bucket.put("runs/r/plan.json", b"altered")
    assert not {*PLACES, f"versions/{forged}/manifest.json"} & {*adopt(bucket, BOTH, NEW, WORD)}


def test_an_error_names_the_manifest_that_is_not_to_be_believed(bucket: MemoryStore) -> None:
    name = next(iter(bucket.list("versions/0000-"))).key.split("/")[1]
    with pytest.raises(Untrusted, match=f"the manifest of {name} is altered, or signed by"):
        Registry(trusted(bucket, (NEW.public_key(),))).manifest(name)


@pytest.mark.parametrize("place", [*PLACES, key_of(6), "versions/0009-0123456789abcdef/manifest.json"])
def test_without_a_key_nothing_is_written_where_others_sign(
    bucket: MemoryStore, place: str, tmp_path: Path
) -> None:
    store, before = KeylessStore(inner=bucket), list(bucket.list())
    (tmp_path / "data").write_bytes(b"x")
    for write in (store.create, store.put):
        with pytest.raises(SettingsError, match="set TECHNER_SIGNING_KEY"):
            write(place, b"x")
    with pytest.raises(SettingsError, match="set TECHNER_SIGNING_KEY"):
        store.upload(place, tmp_path / "data")
    assert list(bucket.list()) == before
    store.create("inbox/first.jsonl", b"x")


def test_without_a_key_an_unsigned_store_is_written_as_before() -> None:
    bucket = MemoryStore()
    store = KeylessStore(inner=bucket)
    made = Registry(store).create(manifest(0))
    Registry(store).move(made, expected=None, who="me", why="origin", when=WHEN)
    store.put("runs/r/plan.json", b"{}")
    assert Registry(bucket).production()[0] == made


class Exchanging(MemoryStore):
    """Gives other bytes the first time that one of its objects is read."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, bytes] = {}

    def get(self, key: str) -> bytes:
        return self.first.pop(key, None) or super().get(key)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_exchanged_while_it_is_signed_anew_is_not_signed(place: str) -> None:
    bucket = Exchanging()
    trusted(bucket, BOTH, OLD).put(place, DECISION)
    signed = bucket.get(place)
    forged = bucket.first[place] = signed.replace(b"test", b"evil")
    assert list(adopt(bucket, BOTH, NEW, WORD)) == [place]
    believing = trusted(bucket, (NEW.public_key(),))
    assert b"test" in believing.get(place)
    bucket.put(place, forged)
    with pytest.raises(Untrusted):
        believing.get(place)
