"""What a login may do is told as the roles of deploy/policies know it, and nothing is changed to find out."""

from dataclasses import dataclass

import pytest

from techner.core.errors import StoreRefused
from techner.operate.doctor import diagnose_login
from techner.operate.rights import NIGHTS_WRITE, PLACES, rights
from techner.store import MemoryStore, Store
from techner.store.wrapped import WrappedStore
from tests.hooked import Hooked
from tests.operate.test_backup import fill, judge
from tests.test_policies import PUT, Limited, may
from tests.world import POLICIES, WHEN, World


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    fill(store)
    judge(store, "night-1", version=None)
    return store


def as_role(store: Store, role: str) -> Limited:
    return Limited(inner=store, role=role, bucket="BUCKET")


def test_the_rights_of_the_pipeline_are_enough_for_nights(store: MemoryStore) -> None:
    found = rights(as_role(store, "pipeline"), is_create_only=True)
    assert found.is_well
    assert found.detail.startswith("this login may read everything; write batches/, reference/, blobs/")
    assert found.detail.endswith("remove from runs/: enough for nights")
    assert {place for place in PLACES if may("pipeline", PUT, f"{place}x")} - {"runs/"} == NIGHTS_WRITE


def test_more_rights_than_nights_need_are_told(store: MemoryStore) -> None:
    found = rights(store, is_create_only=True)
    assert found.is_well
    assert "deliver (inbox/) and collect (versions/), which pipeline.json leaves to others" in found.detail


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("service", "may read blobs/, versions/, aliases/; write nothing; remove from nothing: to read"),
        ("collector", "for collections, as collector.json"),
    ],
)
def test_other_roles_are_known_by_what_they_may_do(role: str, told: str, store: MemoryStore) -> None:
    assert told in rights(as_role(store, role), is_create_only=True).detail


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutJudgements(WrappedStore):
    def create(self, key: str, data: bytes) -> None:
        if key.startswith("judgements/"):
            raise StoreRefused("AccessDenied")
        self.inner.create(key, data)


def test_a_right_that_nights_lack_is_a_fault_with_what_to_do(store: MemoryStore) -> None:
    found = rights(WithoutJudgements(inner=store), is_create_only=True)
    assert not found.is_well
    assert "nights fail without the rights of pipeline.json: let it write judgements/" in found.detail


def test_to_find_out_changes_nothing_and_tries_no_write_where_it_would_overwrite(store: MemoryStore) -> None:
    hooked, before = Hooked(), dict(store._objects)
    hooked._objects = store._objects
    rights(hooked, is_create_only=True)
    assert store._objects == before

    class Overwriting(MemoryStore):
        def create(self, key: str, data: bytes) -> None:
            raise AssertionError(key, data)

    overwriting = Overwriting()
    overwriting._objects = store._objects
    assert "to write was not tried" in rights(overwriting, is_create_only=False).detail


def test_a_login_that_may_not_read_production_is_told_what_it_may_do(world: World) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Closed(WrappedStore):
        def get(self, key: str) -> bytes:
            raise StoreRefused(f"AccessDenied for {key}")

    closed = World(Closed(inner=world.store), world.cache)
    found = diagnose_login(closed.workspace, POLICIES, now=WHEN, bare=world.store)
    assert not found.is_well
    assert [aspect.what for aspect in found.aspects] == ["production", "rights"]
