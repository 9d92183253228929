"""`techner backup` and `techner restore`: what they print and how they exit."""

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result

from techner.cli.app import app
from techner.core.errors import RegistryError, SettingsError, StoreError
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.trust import trusted
from techner.store import FolderStore
from tests.operate.test_backup import OLD, blob_of, fill, forge, make
from tests.world import WHEN, World


@pytest.fixture
def techner(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Point the settings at a store with an origin."""
    monkeypatch.setenv("TECHNER_STORE", world.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(world.cache))
    return world


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def said(done: Result) -> str:
    return " ".join(done.stderr.split())


def test_a_whole_backup_says_so_and_is_restored_by_another_command(
    techner: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call("backup", str(tmp_path / "backup"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 were there before: the backup in file:///" in said(done)
    assert json.loads(call("backup", str(tmp_path / "backup"), "--json").stdout)["objects"] == 0
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "new"))
    assert call("restore", str(tmp_path / "backup")).exit_code == 0
    assert Registry(FolderStore(tmp_path / "new")).production() == Registry(techner.store).production()
    with pytest.raises(RegistryError, match="not empty"):
        call("restore", str(tmp_path / "backup"))
    assert call("restore", str(tmp_path / "backup"), "--resume").exit_code == 0


def test_a_backup_that_is_not_whole_names_what_is_damaged_and_exits_with_1(
    techner: World, tmp_path: Path
) -> None:
    entry = Registry(techner.store).production()[1].files[0]
    techner.store.put(blob_key(entry.sha256), b"damaged")
    done = call("backup", str(tmp_path / "backup"))
    assert done.exit_code == 1
    assert (
        f"✗ {Registry(techner.store).production()[0]}: {entry.path}: blob {entry.sha256} was altered"
        in done.stdout
    )
    assert "Not whole" in said(done)
    found = json.loads(call("backup", str(tmp_path / "backup"), "--json").stdout)
    assert (found["is_whole"], found["faults"][0]["what"]) == (False, entry.path)


@pytest.mark.usefixtures("techner")
def test_an_older_state_put_back_in_place_is_refused_until_the_cache_forgets(
    tmp_path: Path, techner: World
) -> None:
    call("backup", str(tmp_path / "backup"))
    version = Registry(techner.store).production()[0]
    Registry(techner.store).move(version, expected=None, who="me", why="keep", when=WHEN, alias="pin")
    call("model", "history", "--alias", "pin")
    (tmp_path / "world").rename(tmp_path / "lost")
    assert call("restore", str(tmp_path / "backup")).exit_code == 0
    with pytest.raises(StoreError, match="alias 'pin' has vanished"):
        call("model", "history", "--alias", "pin")


@pytest.mark.usefixtures("techner")
def test_a_wrong_argument_is_named_as_such() -> None:
    for command, argument in (("backup", "TARGET"), ("restore", "BACKUP"), ("prune", "BACKUP")):
        with pytest.raises(SettingsError, match=f"{argument}='ftp://x' is not a store"):
            call(command, "ftp://x")


@pytest.fixture
def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """Point the settings at a store with five versions, whose files are no model."""
    store = FolderStore(tmp_path / "several")
    fill(store)
    for number in (3, 4):
        make(store, number)
    monkeypatch.setenv("TECHNER_STORE", store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(tmp_path / "cache"))
    return store


def test_a_restore_names_what_the_backup_lacks_and_exits_with_1(
    several: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several.put(blob_of(1), b"modex 1")
    several.delete("aliases/production/999999999997.json")
    assert call("backup", str(tmp_path / "backup")).exit_code == 1
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "new"))
    done = call("restore", str(tmp_path / "backup"))
    assert done.exit_code == 1
    assert "✗ aliases/production: 999999999997.json: record 2 is missing" in done.stdout
    assert re.search(r"✗ 0001-\w+: model 1: not in the backup: blob \w+ was altered", done.stdout)
    assert Registry(FolderStore(tmp_path / "new")).production() == Registry(several).production()


def test_a_restore_believes_only_what_the_public_key_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = FolderStore(tmp_path / "backup")
    fill(trusted(backup, (), OLD))
    forge(backup)
    pem = OLD.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    monkeypatch.setenv("TECHNER_PUBLIC_KEY", str(tmp_path / "key.pem"))
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "new"))
    monkeypatch.setenv("TECHNER_CACHE", str(tmp_path / "cache"))
    done = call("restore", backup.url)
    assert done.exit_code == 1
    assert "✗ judgements: 999999999998.json: " in done.stdout
    assert not any(FolderStore(tmp_path / "new").list("judgements/"))


def test_prune_says_what_would_go_and_removes_it_when_told(several: FolderStore, tmp_path: Path) -> None:
    backup = FolderStore(tmp_path / "backup")
    call("backup", backup.url)
    done = call("prune", backup.url, "--keep-days", "0")
    assert done.exit_code == 0
    assert "would remove version 0001-" in done.stdout
    assert "nothing was removed" in said(done)
    assert list(Registry(backup).versions()) == list(Registry(several).versions())
    told = json.loads(call("prune", backup.url, "--keep-days", "0", "--delete", "--json").stdout)
    assert (len(told["versions"]), told["deleted"]) == (2, True)
    assert len(list(Registry(backup).versions())) == 3
    with pytest.raises(RegistryError, match="is no backup"):
        call("prune", several.url)
