"""What a version has learnt is listed in parts that versions share, and unknown if one is not whole."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError, Untrusted
from techner.core.examples import digest
from techner.core.manifest import LineageBatches, Manifest
from techner.documents import canonical, dump
from techner.registry import Registry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.lineage import PART_BATCHES, continued, learnt, learnt_only_by, whole
from techner.registry.trust import trusted
from techner.registry.verify import verify_versions
from techner.registry.versions import manifest_key, named_manifest
from techner.store import MemoryStore, Store
from tests.counting import CountingStore
from tests.registry.making import manifest

BIG = PART_BATCHES + 10


def refs(count: int) -> list[BatchRef]:
    """Return batches that no other test has: a process remembers the parts that it has read."""
    return [BatchRef(name=f"{at:04d}.jsonl", digest=digest(uuid.uuid4().bytes)) for at in range(count)]


def after(store: Store, parent: Manifest, batches: list[BatchRef]) -> Manifest:
    """Return the next version, which has learnt these batches too, and create its parent."""
    name, lineage = Registry(store).create(parent), continued(store, parent.lineage, batches)
    return replace(
        parent, number=parent.number + 1, parent=name, origin=parent.origin or name, lineage=lineage
    )


def test_every_version_tells_all_that_it_has_learnt_in_order() -> None:
    store, batches = MemoryStore(), refs(3 * PART_BATCHES + 7)
    made, at = manifest(), 0
    for step in (0, 5, PART_BATCHES - 5, 1, 2 * PART_BATCHES, 6):
        made, at = after(store, made, batches[at : at + step]), at + step
        assert learnt(store, made) == tuple(batches[:at])
        assert made.lineage.batch_count == at
        assert (len(made.lineage.parts), len(made.lineage.batches)) == divmod(at, PART_BATCHES)


def test_history_grows_with_the_batches_and_not_with_their_square() -> None:
    store, made = MemoryStore(), manifest()
    sizes = []
    for night in range(121):
        if night in (60, 120):
            sizes.append(sum(entry.size_bytes for entry in store.list()))
        made = after(store, made, refs(20))
    half, all_of_it = sizes
    assert all_of_it < 2.2 * half


def test_a_manifest_of_an_older_techner_goes_on_in_parts_and_stays_as_it_is() -> None:
    store, batches, more = MemoryStore(), refs(2 * PART_BATCHES + 88), refs(1)
    old = manifest(lineage=replace(manifest().lineage, batches=tuple(batches)))
    written = json.loads(dump(old))
    del written["lineage"]["parts"]
    name = f"0000-{digest(canonical(written))[:16]}"
    store.create(manifest_key(name), canonical(written))
    assert learnt(store, Registry(store).manifest(name)) == tuple(batches)
    made = continued(store, Registry(store).manifest(name).lineage, more)
    assert (len(made.parts), len(made.batches)) == (2, 89)
    assert learnt(store, manifest(1, lineage=made)) == (*batches, *more)
    assert {fault.what for fault in verify_versions(store, [name])} == {"config.cfg"}  # it was never stored


def test_the_same_batches_in_the_same_order_give_the_same_lineage() -> None:
    batches = refs(2 * BIG)
    at_once = continued(MemoryStore(), manifest().lineage, batches)
    half = continued(MemoryStore(), manifest().lineage, batches[:BIG])
    assert continued(MemoryStore(), half, batches[BIG:]) == at_once


def test_a_process_reads_a_part_once_and_none_that_two_compared_versions_share() -> None:
    store = CountingStore(inner=MemoryStore())
    first = manifest(lineage=continued(store, manifest().lineage, refs(BIG)))
    more = refs(2)
    second = after(store, first, more)
    assert learnt_only_by(store, second, first) == tuple(more)
    assert store.calls == []
    assert learnt(store, second) == learnt(store, second)
    assert store.calls == [f"get {blob_key(second.lineage.parts[0].sha256)}"]


def removed(store: Store, key: str) -> None:
    store.delete(key)


def cut_short(store: Store, key: str) -> None:
    store.put(key, store.get(key)[:-100])


def swapped_for_the_other_part(store: Store, key: str) -> None:
    store.put(key, store.get(next(entry.key for entry in store.list("blobs/") if entry.key != key)))


def written_by_an_adversary(store: Store, key: str) -> None:
    store.put(key, dump(LineageBatches(batches=tuple(refs(PART_BATCHES)))))


DAMAGES: dict[Callable[[Store, str], None], str] = {
    removed: "is missing",
    cut_short: "is cut short",
    swapped_for_the_other_part: "holds the bytes of lineage/",
    written_by_an_adversary: "was altered",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_part_that_is_not_whole_is_an_error_and_named_by_verify(
    damage: Callable[[Store, str], None],
) -> None:
    store = MemoryStore()
    made = after(store, manifest(files=()), refs(2 * BIG))
    name = Registry(store).create(made)
    assert list(verify_versions(store, [name])) == []
    damage(store, blob_key(made.lineage.parts[1].sha256))
    with pytest.raises(IntegrityError, match=r"lineage/2\.json: blob .* (is missing|was altered)"):
        learnt(store, made)
    (fault,) = verify_versions(store, [name])
    assert (fault.where, fault.what) == (name, "lineage/2.json")
    assert DAMAGES[damage] in fault.detail


def test_a_part_that_lists_another_number_of_batches_is_refused() -> None:
    store = MemoryStore()
    lineage = continued(store, manifest().lineage, refs(BIG))
    false = replace(lineage, parts=(replace(lineage.parts[0], batches=PART_BATCHES + 1),))
    with pytest.raises(IntegrityError, match="lists 256 batches, and the manifest says 257"):
        learnt(store, manifest(lineage=false))


def test_a_signature_covers_the_parts() -> None:
    bare, key = MemoryStore(), Ed25519PrivateKey.generate()
    store = trusted(bare, (), key)
    made = after(store, manifest(), refs(BIG))
    name = Registry(store).create(made)
    fake = save_bytes(bare, dump(LineageBatches(batches=tuple(refs(PART_BATCHES)))), path="fake")
    stored = bare.get(manifest_key(name))
    forged = stored.replace(made.lineage.parts[0].sha256.encode(), fake.sha256.encode())
    assert forged != stored
    bare.put(manifest_key(name), forged)
    with pytest.raises(Untrusted):
        Registry(store).manifest(name)


def test_what_is_shown_lists_all_batches_as_manifests_did_before_there_were_parts() -> None:
    store, batches = MemoryStore(), refs(BIG)
    made = manifest(lineage=continued(store, manifest().lineage, batches))
    shown = whole(store, made).lineage
    assert shown == replace(made.lineage, parts=(), batches=tuple(batches))


def test_a_manifest_of_a_newer_techner_says_so_and_an_altered_one_is_damage() -> None:
    newer = canonical(json.loads(dump(manifest())) | {"more": 1})
    name = f"0000-{digest(newer)[:16]}"
    with pytest.raises(IntegrityError, match=r"more: Unexpected .*: a newer techner made this version"):
        named_manifest(name, newer)
    with pytest.raises(IntegrityError, match="was altered"):
        named_manifest(name, newer + b" ")
