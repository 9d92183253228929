"""Aliases move by one writer at a time, and only where the store can tell writers apart."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import count

import pytest

from techner.core.errors import (
    AliasConflict,
    NotInitialised,
    ObjectExists,
    ObjectMissing,
    RegistryError,
    StoreError,
    UnknownVersion,
)
from techner.documents import canonical
from techner.registry import PRODUCTION, Registry
from techner.registry.log import PROBE_WRITERS, PROBES, require_create_only
from techner.registry.versions import version_name
from techner.store import MemoryStore, Store
from tests.registry.making import WHEN, manifest


class IgnoresCreateOnly(MemoryStore):
    """Overwrites like rclone, s3rver and Swift."""

    def create(self, key: str, data: bytes) -> None:
        self.put(key, data)


class LetsSimultaneousWritersThrough(MemoryStore):
    """Refuses only who comes after all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.probes = count(1)

    def create(self, key: str, data: bytes) -> None:
        if key.startswith(PROBES) and next(self.probes) > PROBE_WRITERS:
            raise ObjectExists(key)
        self.put(key, data)


class LetsLaterWritersThrough(LetsSimultaneousWritersThrough):
    """Refuses only who comes while another one writes."""

    def create(self, key: str, data: bytes) -> None:
        if key.startswith(PROBES) and 1 < next(self.probes) <= PROBE_WRITERS:
            raise ObjectExists(key)
        self.put(key, data)


class KeepsNothing(MemoryStore):
    """Says of each key that it is taken."""

    def create(self, key: str, data: bytes) -> None:
        raise ObjectExists(f"{len(data)} bytes of {key}")


MADE = {version_name(made): made for made in (manifest(number) for number in range(12))}
V0, V1, V2, V3, *NEW = MADE


def move(store: Store, version: str, *, expected: str | None, alias: str = PRODUCTION) -> bool:
    if version in MADE:
        Registry(store).create(MADE[version])
    return Registry(store).move(
        version, expected=expected, who="me", why="it is better", when=WHEN, alias=alias
    )


def names(store: Store) -> list[str]:
    return [record.version for _, record in Registry(store).log().records()]


def test_alias_names_the_version_it_was_moved_to(store: Store) -> None:
    version = Registry(store).create(manifest())
    assert move(store, version, expected=None) is True
    assert Registry(store).production() == (version, manifest())


def test_every_move_is_recorded_newest_first(store: Store) -> None:
    move(store, V1, expected=None)
    move(store, V2, expected=V1)
    move(store, V1, expected=V2)
    assert names(store) == [V1, V2, V1]


def test_record_of_a_move_says_from_who_why_and_when(store: Store) -> None:
    move(store, V1, expected=None)
    move(store, V2, expected=V1)
    newest = next(record for _, record in Registry(store).log().records())
    assert (newest.previous, newest.who, newest.why, newest.when) == (V1, "me", "it is better", WHEN)


def test_records_of_two_moves_have_different_ids(store: Store) -> None:
    move(store, V1, expected=None)
    move(store, V2, expected=V1)
    assert len({record.id for _, record in Registry(store).log().records()}) == 2


def test_move_to_the_same_version_changes_nothing(store: Store) -> None:
    move(store, V1, expected=None)
    assert move(store, V1, expected=None) is False
    assert names(store) == [V1]


def test_move_from_another_version_than_expected_is_a_conflict(store: Store) -> None:
    move(store, V1, expected=None)
    move(store, V2, expected=V1)
    with pytest.raises(AliasConflict) as caught:
        move(store, V3, expected=V1)
    assert (caught.value.alias, caught.value.expected, caught.value.found) == ("production", V1, V2)


def test_conflict_changes_nothing(store: Store) -> None:
    move(store, V1, expected=None)
    with pytest.raises(AliasConflict):
        move(store, V2, expected=None)
    assert names(store) == [V1]


def test_move_of_an_alias_that_was_expected_to_exist_is_a_conflict(store: Store) -> None:
    with pytest.raises(AliasConflict):
        move(store, V2, expected=V1)
    assert names(store) == []


def test_one_of_eight_racing_moves_wins(store: Store) -> None:
    move(store, V0, expected=None)
    start = threading.Barrier(8)

    def race(number: int) -> str | None:
        start.wait()
        try:
            move(store, NEW[number], expected=V0)
        except AliasConflict:
            return None
        return NEW[number]

    with ThreadPoolExecutor(8) as pool:
        winners = [name for name in pool.map(race, range(8)) if name]
    assert len(winners) == 1
    assert names(store) == [winners[0], V0]


def log_of_three(store: Store) -> None:
    for hour, (version, expected) in enumerate([(V1, None), (V2, V1), (V1, V2)]):
        Registry(store).create(MADE[version])
        when = WHEN.replace(hour=hour)
        Registry(store).move(version, expected=expected, who="me", why="test", when=when)


@pytest.mark.parametrize(
    ("at", "version"),
    [
        (WHEN.replace(hour=0), V1),
        (WHEN.replace(hour=0, minute=59), V1),
        (WHEN.replace(hour=1, minute=59), V2),
        (WHEN.replace(year=2036), V1),
        (WHEN.replace(hour=3, minute=30).astimezone(timezone(timedelta(hours=2))), V1),
        (datetime(2026, 1, 2, 3, 30, tzinfo=timezone(timedelta(hours=2))), V2),
    ],
)
def test_an_alias_tells_what_it_named_at_a_time(at: datetime, version: str) -> None:
    store = MemoryStore()
    log_of_three(store)
    assert Registry(store).alias_at(at).version == version


def test_before_its_first_move_an_alias_named_nothing() -> None:
    store = MemoryStore()
    log_of_three(store)
    with pytest.raises(RegistryError, match=r"its first move was at 2026-01-02T00:04:05"):
        Registry(store).alias_at(WHEN.replace(hour=0, minute=0))


def test_a_name_is_an_alias_or_a_version(store: Store) -> None:
    move(store, V1, expected=None)
    assert Registry(store).resolve("production") == Registry(store).resolve(V1) == (V1, MADE[V1])
    with pytest.raises(UnknownVersion):
        Registry(store).resolve("nothing")


def test_aliases_are_independent(store: Store) -> None:
    move(store, V1, expected=None)
    move(store, V2, expected=None, alias="staging")
    assert names(store) == [V1]
    assert Registry(store).aliases() == ("production", "staging")


def test_store_without_a_model_is_not_initialised(store: Store) -> None:
    with pytest.raises(NotInitialised, match="techner init"):
        Registry(store).production()


@pytest.mark.parametrize("kind", [IgnoresCreateOnly, LetsSimultaneousWritersThrough, LetsLaterWritersThrough])
def test_move_is_refused_where_create_only_is_ignored(kind: type[MemoryStore]) -> None:
    store = kind()
    with pytest.raises(StoreError, match="two runs could both promote"):
        move(store, V1, expected=None)
    assert [entry.key.split("/")[0] for entry in store.list()] == ["versions"]


def test_a_store_that_keeps_nothing_does_not_pass_for_one_that_keeps_writers_apart() -> None:
    with pytest.raises(ObjectMissing):
        require_create_only(KeepsNothing())


def test_a_move_that_another_try_of_the_same_task_makes_meanwhile_is_no_conflict() -> None:
    class Overtaken(MemoryStore):
        def create(self, key: str, data: bytes) -> None:
            if key.startswith("aliases/"):
                self.put(key, canonical(json.loads(data) | {"id": "of the other try"}))
            super().create(key, data)

    store = Overtaken()
    assert move(store, V1, expected=None) is False
    assert names(store) == [V1]


def test_an_alias_cannot_name_a_version_that_does_not_exist(store: Store) -> None:
    with pytest.raises(UnknownVersion, match="9999"):
        move(store, "9999-0123456789abcdef", expected=None)


def test_probe_passes_and_leaves_nothing_behind(store: Store) -> None:
    require_create_only(store)
    assert list(store.list()) == []
