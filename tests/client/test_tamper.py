"""Whatever is damaged, in the store or in the cache: refused or mended, and what was good stays good."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from techner.core.errors import CacheError, IntegrityError, StoreError, UnknownVersion
from techner.core.examples import digest
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.versions import manifest_key

Small = Any  # see conftest.py


def truncated(path: Path, other: Path) -> None:
    del other
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flipped(path: Path, other: Path) -> None:
    del other
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swapped(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def removed(path: Path, other: Path) -> None:
    del other
    path.unlink()


def symlinked(path: Path, other: Path) -> None:
    """Lead to another file; on a disk, what the store's server or a careless copy could do."""
    path.unlink()
    path.symlink_to(other)


def emptied(path: Path, other: Path) -> None:
    del other
    path.write_bytes(b"")


DAMAGES = [truncated, flipped, swapped, removed, symlinked, emptied]
Damage = Callable[[Path, Path], None]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file, but how far aliases were seen: that goes on whatever becomes of a download."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "seen")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def writable(path: Path) -> Path:
    """Give a file of the cache an inode of its own: a damage must not hit its other names by chance."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damaged_blob_of_the_store_is_refused_and_the_old_model_stays(
    small: Small, damage: Damage, tmp_path: Path
) -> None:
    files = Registry(small.store).manifest(small.new).files
    before = contents(small.cache)
    for entry, next_one in zip(files, (*files[1:], files[0]), strict=True):
        blob, other = (small.root / blob_key(found.sha256) for found in (entry, next_one))
        kept = blob.rename(blob.with_suffix(".kept"))
        blob.write_bytes(kept.read_bytes())
        damage(blob, other)
        models = replace(small, cache=tmp_path / entry.sha256).models
        shutil.copytree(small.cache, tmp_path / entry.sha256)
        with pytest.raises(IntegrityError, match=f"{entry.path}: blob {entry.sha256} "):
            models.pull()
        assert before.items() <= contents(tmp_path / entry.sha256).items()
        assert models.pull(small.old).name == small.old
        kept.rename(blob)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_manifest_is_refused_and_the_old_model_stays(small: Small, damage: Damage) -> None:
    new, old = (small.root / "versions" / version / "manifest.json" for version in (small.new, small.old))
    before = contents(small.cache / "models")
    damage(new, old)
    with pytest.raises(UnknownVersion if damage is removed else IntegrityError, match=small.new):
        small.models.pull()
    assert contents(small.cache / "models") == before


@pytest.mark.parametrize("damage", [truncated, emptied])
def test_damaged_record_of_the_alias_is_refused(small: Small, damage: Damage) -> None:
    newest = min((small.root / "aliases" / "production").iterdir())
    damage(newest, newest)
    with pytest.raises(IntegrityError, match=rf"{newest.name} is not a Generation"):
        small.models.pull()


def test_alias_that_vanished_is_taken_for_a_store_that_is_down(small: Small) -> None:
    for record in (small.root / "aliases" / "production").iterdir():
        record.unlink()
    with pytest.raises(StoreError, match="vanished"):
        small.models.resolve()
    assert small.models.pull().name == small.old


@pytest.mark.parametrize("path", ["../../evil", "/tmp/evil", "a/../../evil", "..", "ner\\..\\evil"])  # noqa: S108
def test_path_out_of_the_model_is_refused(small: Small, path: str, tmp_path: Path) -> None:
    found = Registry(small.store).manifest(small.new)
    evil = replace(found.files[0], path=path)
    small.promote(replace(found, number=2, files=(*found.files, evil)))
    before = contents(tmp_path / "cache" / "models")
    with pytest.raises(IntegrityError, match="outside the model"):
        small.models.pull()
    assert contents(small.cache / "models") == before
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "", "x" * 300, "production\n"])
def test_name_that_is_no_name_is_unknown(small: Small, name: str) -> None:
    with pytest.raises(UnknownVersion):
        small.models.pull(name)


@pytest.mark.parametrize("name", ["Production", "0001-abc", "_x"])
def test_alias_that_promote_would_refuse_is_unknown_though_it_was_written(small: Small, name: str) -> None:
    Registry(small.store).move(small.old, expected=None, who="x", why="x", when=small.when, alias=name)
    with pytest.raises(UnknownVersion):
        small.models.pull(name)


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damaged_file_in_the_folder_of_a_model_is_mended(small: Small, damage: Damage) -> None:
    folder = small.models.pull()
    whole = contents(folder)
    files = sorted(whole)
    for number, name in enumerate(files):
        damage(writable(folder / name), folder / files[number - 1])
        assert small.models.pull() == folder
        assert contents(folder) == whole
        assert not any(path.is_symlink() for path in folder.rglob("*"))


@pytest.mark.parametrize("kind", ["aliases", "seen"])
def test_damaged_memory_of_an_alias_is_said_and_not_taken_for_a_store_that_is_down(
    small: Small, kind: str
) -> None:
    for record in (small.cache / "stores").rglob(f"{kind}/production.json"):
        truncated(record, record)
    with pytest.raises(CacheError, match=rf"{kind}/production\.json is not a"):
        small.models.pull()


def test_damaged_manifest_of_the_cache_is_read_anew(small: Small) -> None:
    small.models.pull()
    for kept in (small.cache / "stores").rglob("manifests/*.json"):
        truncated(kept, kept)
    assert small.models.pull().name == small.new


def test_manifest_of_the_cache_is_the_very_bytes_of_the_store(small: Small) -> None:
    stored = small.store.get(manifest_key(small.new))
    # As one that was written before a field with a default was added: parsed, it is the same.
    older = json.dumps({k: v for k, v in json.loads(stored).items() if k != "verdict"}).encode()
    version = f"{small.new[:4]}-{digest(older)[:16]}"
    small.store.create(manifest_key(version), older)
    small.models.pull(version)
    (small.root / manifest_key(version)).unlink()
    assert small.models.pull(version).name == version


def test_cache_that_is_no_folder_is_said(small: Small, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheError, match="stands in the place of one"):
        replace(small, cache=tmp_path / "file").models.pull()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_blob_of_the_cache_is_fetched_again(small: Small, damage: Damage) -> None:
    whole = contents(small.models.pull())
    blobs = sorted((small.cache / "blobs").iterdir())
    for number, blob in enumerate(blobs):
        damage(writable(blob), blobs[number - 1])
    (small.models.pull() / "config.cfg").unlink()  # so that the blobs are needed
    assert contents(small.models.pull()) == whole


@pytest.mark.parametrize("stray", ["file", "link", "link to a folder"])
def test_what_does_not_belong_to_the_model_is_taken_out(small: Small, stray: str, tmp_path: Path) -> None:
    folder = small.models.pull()
    if stray == "file":
        (folder / "stray").write_bytes(b"")
    else:
        (folder / "stray").symlink_to(tmp_path if stray == "link to a folder" else folder / "config.cfg")
    assert not os.path.lexists(small.models.pull() / "stray")


def test_model_folder_that_leads_elsewhere_is_replaced(small: Small, tmp_path: Path) -> None:
    folder = small.models.pull()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert not small.models.pull().is_symlink()
    assert (tmp_path / "elsewhere").is_dir()
