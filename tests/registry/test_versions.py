"""Versions are named after their manifests."""

import pytest

from techner.core.errors import IntegrityError, UnknownVersion
from techner.registry.versions import (
    create_version,
    read_manifest,
    read_manifest_bytes,
    version_name,
    versions,
)
from techner.store import Store
from tests.registry.making import manifest


def test_created_version_is_read_back(store: Store) -> None:
    assert read_manifest(store, create_version(store, manifest())) == manifest()


def test_identical_manifests_are_one_version(store: Store) -> None:
    first = create_version(store, manifest(libraries={"a": "1", "b": "2"}))
    second = create_version(store, manifest(libraries={"b": "2", "a": "1"}))
    assert first == second
    assert list(versions(store)) == [first]


def test_another_manifest_is_another_version() -> None:
    assert version_name(manifest(libraries={"a": "1"})) != version_name(manifest(libraries={"a": "2"}))


def test_name_of_a_version_starts_with_its_number() -> None:
    assert version_name(manifest(17)).startswith("0017-")


def test_versions_are_listed_oldest_first(store: Store) -> None:
    created = [create_version(store, manifest(number)) for number in (2, 10, 1)]
    assert list(versions(store)) == [created[2], created[0], created[1]]


def test_folder_without_manifest_is_no_version(store: Store) -> None:
    store.create("versions/0001-abc/card.md", b"# half")
    assert list(versions(store)) == []


def test_altered_manifest_is_refused(store: Store) -> None:
    version = create_version(store, manifest())
    key = f"versions/{version}/manifest.json"
    store.put(key, store.get(key).replace(b"en_core_web_sm", b"en_core_web_lg"))
    with pytest.raises(IntegrityError, match=f"{version} was altered"):
        read_manifest(store, version)


def test_manifest_of_another_version_is_refused(store: Store) -> None:
    one, two = create_version(store, manifest(1)), create_version(store, manifest(2))
    store.put(f"versions/{one}/manifest.json", store.get(f"versions/{two}/manifest.json"))
    with pytest.raises(IntegrityError, match=f"{one} was altered"):
        read_manifest(store, one)


def test_copy_of_a_manifest_below_another_number_is_refused(store: Store) -> None:
    version = create_version(store, manifest(7))
    copy = f"9999-{version.rpartition('-')[2]}"
    store.create(f"versions/{copy}/manifest.json", store.get(f"versions/{version}/manifest.json"))
    for read in (read_manifest, read_manifest_bytes):
        with pytest.raises(IntegrityError, match=f"{copy} is that of another version, number 7"):
            read(store, copy)


def test_unknown_version_is_named(store: Store) -> None:
    with pytest.raises(UnknownVersion, match="'0042-abc'"):
        read_manifest(store, "0042-abc")
