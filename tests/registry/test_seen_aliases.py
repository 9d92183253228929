"""What is listed of an alias goes on from what was seen of it, or is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from techner.client import ModelStore
from techner.core.errors import CacheError, Rewritten, StoreError
from techner.registry import Registry
from techner.registry.seen_aliases import memory_of, remembering
from techner.registry.trust import trusted
from techner.settings import Settings
from techner.store import FolderStore, MemoryStore, Store, Stored
from techner.store.s3 import connect
from tests.registry.making import WHEN, manifest

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TOP = 999_999_999_999
Open = Callable[[Store], Store]


@pytest.fixture(params=["signed", "unsigned"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Return what opens a bucket with a memory, with a key and without."""

    def make(bucket: Store) -> Store:
        store = trusted(bucket, (), KEY) if request.param == "signed" else bucket
        return remembering(store, tmp_path / "cache", is_signed=request.param == "signed")

    return make


def writer(store: Store) -> Store:
    """Return a store that writes as it does, without its memory."""
    return store.inner  # type: ignore[attr-defined,no-any-return]


def move(store: Store, *numbers: int) -> None:
    """Move production from version to version."""
    for number in numbers:
        version = Registry(store).create(manifest(number))
        newest = Registry(store).log().newest()
        Registry(store).move(
            version, expected=newest.record.version if newest else None, who="x", why="x", when=WHEN
        )


def key_of(number: int) -> str:
    return f"aliases/production/{TOP - number:012d}.json"


@pytest.fixture
def bucket() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(bucket: MemoryStore, opened: Open) -> Store:
    """Return a store that has seen generation 3."""
    made = opened(bucket)
    move(writer(made), 1, 2, 3)
    assert Registry(made).production()[1].number == 3
    return made


def test_what_goes_on_from_what_was_seen_is_followed(store: Store) -> None:
    move(writer(store), 4, 5, 6)
    assert Registry(store).production()[1].number == 6
    move(writer(store), 3)  # a rollback
    assert Registry(store).production()[1].number == 3


def another_three(bucket: MemoryStore, store: Store) -> None:
    bucket.delete(key_of(3))
    move(writer(store), 8)


def another_three_and_four(bucket: MemoryStore, store: Store) -> None:
    another_three(bucket, store)
    move(writer(store), 9)


def wholly_another_log(bucket: MemoryStore, store: Store) -> None:
    for number in (1, 2, 3):
        bucket.delete(key_of(number))
    move(writer(store), 5, 6, 7, 8, 9)


def fewer(bucket: MemoryStore, store: Store) -> None:
    del store
    bucket.delete(key_of(3))


def a_gap(bucket: MemoryStore, store: Store) -> None:
    move(writer(store), 4, 5)
    bucket.delete(key_of(4))


def what_was_seen_is_gone(bucket: MemoryStore, store: Store) -> None:
    move(writer(store), 4)
    bucket.delete(key_of(3))


@pytest.mark.parametrize(
    "attack",
    [another_three, another_three_and_four, wholly_another_log, fewer, a_gap, what_was_seen_is_gone],
)
def test_another_past_is_refused_with_how_to_forget(
    attack: Callable[[MemoryStore, Store], None], bucket: MemoryStore, store: Store
) -> None:
    attack(bucket, store)
    for read in (Registry.production, lambda registry: list(registry.log().records())):
        with pytest.raises(Rewritten, match=r"delete .*stores"):
            read(Registry(store))


def test_a_generation_that_was_altered_since_is_refused_though_those_around_it_are_whole(
    bucket: MemoryStore, tmp_path: Path
) -> None:
    store = remembering(bucket, tmp_path, is_signed=False)
    move(bucket, 1)
    Registry(store).production()
    move(bucket, 2, 3)
    bucket.put(key_of(2), bucket.get(key_of(2)).replace(b'"who": "x"', b'"who": "y"'))
    with pytest.raises(Rewritten, match="not made after the generation 2 that is there"):
        Registry(store).production()


def test_a_store_restored_on_purpose_is_read_again_when_the_memory_is_deleted(
    bucket: MemoryStore, store: Store
) -> None:
    fewer(bucket, store)
    with pytest.raises(Rewritten) as refused:
        Registry(store).production()
    for kept in Path(refused.value.memory).rglob("*.json"):
        kept.unlink()
    assert Registry(store).production()[1].number == 2


def test_a_log_that_vanished_is_a_store_that_does_not_answer(bucket: MemoryStore, store: Store) -> None:
    for number in (1, 2, 3):
        bucket.delete(key_of(number))
    with pytest.raises(StoreError, match="vanished"):
        Registry(store).production()


def test_an_alias_that_did_not_move_costs_one_list(bucket: MemoryStore, tmp_path: Path) -> None:
    class Deaf(MemoryStore):
        def get(self, key: str) -> bytes:
            raise AssertionError(key)

    move(bucket, 1, 2)
    list(remembering(bucket, tmp_path, is_signed=False).list("aliases/production/", limit=1))
    deaf = Deaf()
    for entry in bucket.list():
        deaf.put(entry.key, bucket.get(entry.key))
    assert len(list(remembering(deaf, tmp_path, is_signed=False).list("aliases/production/", limit=1))) == 1


def test_what_another_process_saw_while_this_one_listed_is_no_fault(
    bucket: MemoryStore, tmp_path: Path
) -> None:
    class Overtaken(MemoryStore):
        def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
            found = list(bucket.list(prefix, limit=limit))
            move(bucket, 3)
            list(remembering(bucket, tmp_path, is_signed=False).list("aliases/production/", limit=1))
            yield from found

        def get(self, key: str) -> bytes:
            return bucket.get(key)

    move(bucket, 1, 2)
    slow = remembering(Overtaken(), tmp_path, is_signed=False)
    assert [entry.key for entry in slow.list("aliases/production/", limit=1)] == [key_of(2)]


def test_a_damaged_memory_is_no_reason_to_forget(store: Store) -> None:
    memory = store.memory  # type: ignore[attr-defined]
    memory.put("seen/production.json", b"{")
    with pytest.raises(CacheError, match=r"seen/production\.json .*: delete that file to forget"):
        Registry(store).production()


def test_nights_and_clients_share_one_memory(tmp_path: Path) -> None:
    settings = Settings(store=str(tmp_path / "store"), cache=tmp_path / "cache")
    bucket = FolderStore(tmp_path / "store")
    move(bucket, 1, 2, 3)
    ModelStore(str(tmp_path / "store"), cache=tmp_path / "cache").resolve()
    bucket.delete(key_of(3))
    with pytest.raises(Rewritten):
        Registry(settings.open_store()).production()


def test_what_a_client_of_an_older_version_had_pulled_counts(bucket: MemoryStore, store: Store) -> None:
    memory = store.memory  # type: ignore[attr-defined]
    seen = memory.get("seen/production.json")
    memory.delete("seen/production.json")
    memory.put("aliases/production.json", seen.replace(b"{\n", b'{\n "version": "v",\n', 1))
    fewer(bucket, store)
    with pytest.raises(Rewritten):
        Registry(store).production()


def test_two_endpoints_with_one_bucket_name_share_no_memory(tmp_path: Path) -> None:
    one, two, same = (
        connect("models", "ner", endpoint=f"http://{host}:9000")
        for host in ("one.test", "two.test", "one.test")
    )
    assert one.url == two.url
    folders = [memory_of(store, tmp_path, is_signed=True) for store in (one, two, same)]
    assert folders[0] == folders[2] != folders[1]
