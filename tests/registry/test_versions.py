"""Versions are named after their manifests."""

import pytest

from techner.core.errors import IntegrityError, UnknownVersion
from techner.registry import Registry
from techner.registry.versions import version_name
from techner.store import Store
from tests.registry.making import manifest


def test_created_version_is_read_back(store: Store) -> None:
    assert Registry(store).manifest(Registry(store).create(manifest())) == manifest()


def test_identical_manifests_are_one_version(store: Store) -> None:
    first = Registry(store).create(manifest(libraries={"a": "1", "b": "2"}))
    second = Registry(store).create(manifest(libraries={"b": "2", "a": "1"}))
    assert first == second
    assert list(Registry(store).versions()) == [first]


def test_another_manifest_is_another_version() -> None:
    assert version_name(manifest(libraries={"a": "1"})) != version_name(manifest(libraries={"a": "2"}))


def test_name_of_a_version_starts_with_its_number() -> None:
    assert version_name(manifest(17)).startswith("0017-")


def test_versions_are_listed_oldest_first(store: Store) -> None:
    created = [Registry(store).create(manifest(number)) for number in (2, 10, 1)]
    assert list(Registry(store).versions()) == [created[2], created[0], created[1]]


def test_folder_without_manifest_is_no_version(store: Store) -> None:
    store.create("versions/0001-abc/card.md", b"# half")
    assert list(Registry(store).versions()) == []


def test_altered_manifest_is_refused(store: Store) -> None:
    version = Registry(store).create(manifest())
    key = f"versions/{version}/manifest.json"
    store.put(key, store.get(key).replace(b"en_core_web_sm", b"en_core_web_lg"))
    with pytest.raises(IntegrityError, match=f"{version} was altered"):
        Registry(store).manifest(version)


def test_manifest_of_another_version_is_refused(store: Store) -> None:
    one, two = Registry(store).create(manifest(1)), Registry(store).create(manifest(2))
    store.put(f"versions/{one}/manifest.json", store.get(f"versions/{two}/manifest.json"))
    with pytest.raises(IntegrityError, match=f"{one} was altered"):
        Registry(store).manifest(one)


def test_copy_of_a_manifest_below_another_number_is_refused(store: Store) -> None:
    version = Registry(store).create(manifest(7))
    copy = f"9999-{version.rpartition('-')[2]}"
    store.create(f"versions/{copy}/manifest.json", store.get(f"versions/{version}/manifest.json"))
    for read in (Registry.manifest, Registry.manifest_bytes):
        with pytest.raises(IntegrityError, match=f"{copy} is that of another version, number 7"):
            read(Registry(store), copy)


def test_unknown_version_is_named(store: Store) -> None:
    with pytest.raises(UnknownVersion, match="'0042-abc'"):
        Registry(store).manifest("0042-abc")
