"""With a public key: who can write the store but not sign makes no client load another or older version."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from techner.cli.app import app
from techner.client import ModelStore
from techner.core.errors import StoreError, Untrusted
from techner.registry import Registry
from techner.registry.trust import signature_key, trusted

Small = Any  # see conftest.py
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))


@pytest.fixture
def public_key(tmp_path: Path) -> Path:
    (tmp_path / "techner.pub").write_bytes(pem(KEY))
    return tmp_path / "techner.pub"


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def signed(small: Small, tmp_path: Path, public_key: Path) -> tuple[Small, ModelStore, str, str]:
    """Return a signed store with two versions, a client that has pulled the newer one, and both names."""
    empty = replace(small, root=tmp_path / "signed", cache=tmp_path / "signed-cache", key=KEY)
    versions = [empty.publish({"config.cfg": b"%d" % number}, number=number) for number in (0, 1)]
    models = ModelStore(str(empty.root), cache=empty.cache, public_key=public_key)
    assert models.pull().name == versions[1]
    return empty, models, versions[0], versions[1]


def records(small: Small) -> list[Path]:
    """Return the records of production, oldest first."""
    return sorted((small.root / "aliases" / "production").iterdir(), reverse=True)


def unsigned_move(small: Small, old: str, new: str) -> None:
    Registry(replace(small, key=None).store).move(old, expected=new, who="x", why="x", when=small.when)


def move_of_another_key(small: Small, old: str, new: str) -> None:
    thief = trusted(replace(small, key=None).store, (KEY.public_key(),), OTHER)
    Registry(thief).move(old, expected=new, who="x", why="x", when=small.when)


def old_move_played_again(small: Small, old: str, new: str) -> None:
    del old, new
    first, second = records(small)
    number = int(second.stem) - 1
    second.with_name(f"{number:012d}.json").write_bytes(first.read_bytes())


def newest_move_taken_away(small: Small, old: str, new: str) -> None:
    del old, new
    records(small)[-1].unlink()


ATTACKS = [unsigned_move, move_of_another_key, old_move_played_again, newest_move_taken_away]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_move_that_was_not_signed_for_this_moment_is_refused(
    signed: tuple[Small, ModelStore, str, str], attack: Callable[[Small, str, str], None]
) -> None:
    small, models, old, new = signed
    attack(small, old, new)
    with pytest.raises(Untrusted):
        models.pull()
    assert models.pull(new).name == new


def test_the_command_remembers_how_far_it_has_seen_too(
    signed: tuple[Small, ModelStore, str, str], public_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, _, old, new = signed
    settings = {"STORE": small.root, "CACHE": small.cache, "PUBLIC_KEY": public_key}
    for name, value in settings.items():
        monkeypatch.setenv(f"TECHNER_{name}", str(value))
    newest_move_taken_away(small, old, new)
    with pytest.raises(Untrusted):
        CliRunner().invoke(app, ["model", "pull"], catch_exceptions=False)


def test_all_moves_taken_away_leave_the_last_good_model(signed: tuple[Small, ModelStore, str, str]) -> None:
    small, models, _, new = signed
    for record in records(small):
        record.unlink()
    assert models.pull().name == new


def test_a_signed_rollback_is_followed(signed: tuple[Small, ModelStore, str, str]) -> None:
    small, models, old, new = signed
    Registry(small.store).move(old, expected=new, who="ada", why="ghosts", when=small.when)
    assert models.pull().name == old


@pytest.mark.parametrize("signature", [None, b"", b"00" * 64])
def test_a_version_without_its_signature_is_refused_by_name_too(
    signed: tuple[Small, ModelStore, str, str], signature: bytes | None, public_key: Path, tmp_path: Path
) -> None:
    small, _, old, _ = signed
    path = small.root / signature_key(old)
    path.unlink()
    if signature is not None:
        path.write_bytes(signature)
    with pytest.raises(Untrusted):
        ModelStore(str(small.root), cache=tmp_path / "new", public_key=public_key).pull(old)


def test_an_unsigned_store_is_refused_though_the_cache_has_pulled_from_it(
    small: Small, public_key: Path
) -> None:
    small.models.pull()
    with pytest.raises(Untrusted, match="not signed"):
        ModelStore(small.store.url, cache=small.cache, public_key=public_key).pull()


def test_what_a_revoked_key_signed_is_believed_no_longer_though_it_was_pulled(
    signed: tuple[Small, ModelStore, str, str], public_key: Path, tmp_path: Path
) -> None:
    small, _, _, new = signed
    public_key.write_bytes(pem(OTHER))
    models = ModelStore(str(small.root), cache=small.cache, public_key=public_key)
    for read in (models.resolve, models.pull, lambda: models.pull(new)):
        with pytest.raises(Untrusted, match="a key that is not trusted"):
            read()
    (small.root / "aliases").rename(tmp_path / "away")  # and a store that is down opens no way around
    with pytest.raises(StoreError, match="vanished"):
        models.pull()


def test_a_rotation_forgets_nothing_of_how_far_an_alias_had_come(
    signed: tuple[Small, ModelStore, str, str], public_key: Path
) -> None:
    small, _, _, new = signed
    public_key.write_bytes(pem(OTHER) + pem(KEY))
    models = ModelStore(str(small.root), cache=small.cache, public_key=public_key)
    newest = records(small)[-1]
    kept = newest.read_bytes()
    newest.unlink()
    with pytest.raises(Untrusted):
        models.pull()
    newest.write_bytes(kept)
    assert models.pull().name == new
