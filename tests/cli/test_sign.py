"""`techner model sign`: records from before there was a key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from techner.cli.app import app
from techner.core.delivery import BatchRef
from techner.core.errors import SettingsError
from techner.core.records import BatchWord
from techner.inbox.decisions import decide, last_word
from techner.registry.trust import trusted
from techner.store import FolderStore
from tests.registry.making import WHEN

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
BATCH = BatchRef(name="first.jsonl", digest="f" * 64)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """Return a store with one unsigned decision, and point the settings at it."""
    for name in ("store", "cache"):
        monkeypatch.setenv(f"TECHNER_{name.upper()}", str(tmp_path / name))
    store = FolderStore(tmp_path / "store")
    decide(store, BATCH, BatchWord.EXCLUDE, who="ada", why="wrong project", when=WHEN)
    return store


def test_unsigned_records_are_signed_once(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    monkeypatch.setenv("TECHNER_SIGNING_KEY", str(tmp_path / "key.pem"))
    done = CliRunner().invoke(app, ["model", "sign"], catch_exceptions=False)
    assert done.stdout.startswith(f"signed decisions/{BATCH.digest}/")
    word = last_word(trusted(store, (KEY.public_key(),)), BATCH)
    assert word
    assert (word.word, word.who) == ("exclude", "ada")
    assert CliRunner().invoke(app, ["model", "sign"], catch_exceptions=False).stdout == ""


@pytest.mark.usefixtures("store")
def test_without_the_private_key_nothing_is_signed() -> None:
    with pytest.raises(SettingsError, match="TECHNER_SIGNING_KEY"):
        CliRunner().invoke(app, ["model", "sign"], catch_exceptions=False)
