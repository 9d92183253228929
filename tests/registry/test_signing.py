"""With keys, a store that somebody else wrote to is not believed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from techner.core.errors import IntegrityError, SettingsError, Untrusted
from techner.core.examples import digest
from techner.documents import canonical, dump
from techner.registry import Registry
from techner.registry.signing import (
    load_private_key,
    load_public_keys,
    sign_generation,
    sign_manifest,
    verify_generation,
    verify_manifest,
)
from techner.registry.trust import signature_key, trusted
from techner.registry.versions import manifest_key
from techner.settings import load_settings
from techner.store import MemoryStore, Store
from tests.registry.making import WHEN, generation, manifest

KEY, OTHER = (ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
PUBLIC = (KEY.public_key(),)


def key_of(alias: str, number: int) -> str:
    return f"aliases/{alias}/{999_999_999_999 - number}.json"


def private_pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def signed_store(bucket: Store) -> tuple[Store, list[str]]:
    """Return a trusted store whose production went from version 0 to 1 to 2, and `staging` to 1."""
    store = trusted(bucket, (), KEY)
    made = [Registry(store).create(manifest(number)) for number in range(3)]
    for before, version in zip((None, *made), made, strict=False):
        Registry(store).move(version, expected=before, who="me", why="better", when=WHEN)
    Registry(store).move(made[1], expected=None, who="me", why="try", when=WHEN, alias="staging")
    return store, made


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


def test_what_was_signed_is_believed_by_a_reader_with_the_public_key(store: Store) -> None:
    made = signed_store(store)[1]
    reader = trusted(store, PUBLIC)
    assert Registry(reader).production() == (made[2], manifest(2))
    assert [record.number for _, record in Registry(reader).log().records()] == [3, 2, 1]


def test_each_generation_covers_its_number_manifest_and_the_generation_before(memory: MemoryStore) -> None:
    made = signed_store(memory)[1]
    newest = json.loads(memory.get(key_of("production", 3)))
    assert (newest["alias"], newest["number"]) == ("production", 3)
    assert newest["manifest"] == digest(memory.get(manifest_key(made[2])))
    assert newest["before"] == digest(memory.get(key_of("production", 2)))


def altered_generation(memory: MemoryStore, made: list[str]) -> None:
    key = key_of("production", 3)
    memory.put(key, canonical(json.loads(memory.get(key)) | {"version": made[0]}))


def unsigned_generation(memory: MemoryStore, made: list[str]) -> None:
    Registry(memory).move(made[0], expected=made[2], who="me", why="mine", when=WHEN)


def generation_of_another_key(memory: MemoryStore, made: list[str]) -> None:
    thief = trusted(memory, PUBLIC, OTHER)
    Registry(thief).move(made[0], expected=made[2], who="me", why="mine", when=WHEN)


def old_generation_as_the_next(memory: MemoryStore, made: list[str]) -> None:
    del made
    memory.put(key_of("production", 4), memory.get(key_of("production", 1)))


def generation_of_another_alias(memory: MemoryStore, made: list[str]) -> None:
    del made
    for number in (2, 3):
        memory.delete(key_of("production", number))
    memory.put(key_of("production", 1), memory.get(key_of("staging", 1)))


def remark_beside_what_is_signed(memory: MemoryStore, made: list[str]) -> None:
    key = key_of("production", 3)
    data = memory.get(key)
    memory.put(key, data.replace(b"{\n", b'{\n "version": "%s",\n' % made[0].encode(), 1))


def no_json(memory: MemoryStore, made: list[str]) -> None:
    del made
    memory.put(key_of("production", 3), b"[" * 5000)


@pytest.mark.parametrize(
    "attack",
    [
        altered_generation,
        unsigned_generation,
        generation_of_another_key,
        old_generation_as_the_next,
        generation_of_another_alias,
        remark_beside_what_is_signed,
        no_json,
    ],
)
def test_whoever_writes_the_bucket_but_cannot_sign_moves_no_alias(
    attack: Callable[[MemoryStore, list[str]], None], memory: MemoryStore
) -> None:
    made = signed_store(memory)[1]
    attack(memory, made)
    with pytest.raises(Untrusted):
        Registry(trusted(memory, PUBLIC)).production()


def test_an_unsigned_version_is_refused_by_its_name_too(memory: MemoryStore) -> None:
    version = Registry(memory).create(manifest(5))
    with pytest.raises(Untrusted, match=f"the manifest of {version} is not signed"):
        Registry(trusted(memory, PUBLIC)).manifest(version)


def test_a_version_with_the_signature_of_another_is_refused(memory: MemoryStore) -> None:
    made = signed_store(memory)[1]
    memory.put(signature_key(made[0]), memory.get(signature_key(made[1])))
    with pytest.raises(Untrusted, match="altered, or signed by a key that is not trusted"):
        Registry(trusted(memory, PUBLIC)).manifest(made[0])


def test_an_unsigned_version_is_not_promoted(memory: MemoryStore) -> None:
    store, made = signed_store(memory)
    version = Registry(memory).create(manifest(7))
    with pytest.raises(Untrusted):
        Registry(store).move(version, expected=made[2], who="me", why="mine", when=WHEN)
    assert Registry(store).production()[0] == made[2]


def test_another_manifest_than_the_promoted_one_is_refused_without_keys_too(memory: MemoryStore) -> None:
    signed_store(memory)
    key = key_of("production", 3)
    memory.put(key, canonical(json.loads(memory.get(key)) | {"manifest": "0" * 64}))
    with pytest.raises(IntegrityError, match="not the one that was promoted"):
        Registry(memory).production()


def test_a_forged_alias_is_not_signed_over(memory: MemoryStore) -> None:
    store, made = signed_store(memory)
    unsigned_generation(memory, made)
    with pytest.raises(Untrusted):
        Registry(store).move(made[1], expected=made[0], who="me", why="next night", when=WHEN)


def test_a_writer_with_the_public_key_alone_writes_nothing(memory: MemoryStore) -> None:
    with pytest.raises(SettingsError, match="TECHNER_SIGNING_KEY"):
        Registry(trusted(memory, PUBLIC)).create(manifest())
    assert list(memory.list()) == []


def test_a_signature_that_somebody_put_there_first_is_replaced(memory: MemoryStore) -> None:
    store, made = signed_store(memory)
    memory.put(signature_key(made[0]), b"nonsense")
    assert Registry(store).create(manifest(0)) == made[0]
    assert Registry(store).manifest(made[0]) == manifest(0)


def test_old_and_new_key_count_during_a_rotation(memory: MemoryStore, tmp_path: Path) -> None:
    made = signed_store(memory)[1]
    (tmp_path / "public.pem").write_bytes(public_pem(OTHER) + public_pem(KEY))
    assert Registry(trusted(memory, load_public_keys(tmp_path / "public.pem"))).production()[0] == made[2]


# A curve that the library does not know, as `openssl genpkey` makes it.
ODD_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAEg5+YXzGUKsgH7k6McE93O7xgLdEBaszr
wAtszw==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (public_pem(KEY) + public_pem(OTHER)[:-40], "a key that was cut short"),
        (public_pem(KEY)[:-30] + public_pem(OTHER), "a key that is broken"),
        (public_pem(KEY) + b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 old\n", "something other than PEM keys"),
        (public_pem(KEY) + private_pem(OTHER), "a private key, which belongs to the nightly run alone"),
        (public_pem(KEY) + public_pem(ec.generate_private_key(ec.SECP256R1())), "broken or not Ed25519"),
        (ODD_PUBLIC, "a key that is broken or not Ed25519"),
    ],
)
def test_no_key_of_a_file_is_passed_over(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_bytes(content)
    with pytest.raises(SettingsError, match=f"{says}.*openssl pkey -in PRIVATE -pubout"):
        load_public_keys(tmp_path / "public.pem")


def test_a_file_of_keys_may_have_comments_and_come_from_windows(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf# old\n" + public_pem(KEY) + b"# new\n" + public_pem(OTHER) + b"\n"
    (tmp_path / "public.pem").write_bytes(content.replace(b"\n", b"\r\n"))
    assert len(load_public_keys(tmp_path / "public.pem")) == 2


def test_of_two_private_keys_none_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "private.pem").write_bytes(private_pem(KEY) + private_pem(OTHER))
    with pytest.raises(SettingsError, match="holds several keys; give one"):
        load_private_key(tmp_path / "private.pem")


def test_a_signed_manifest_cannot_be_shown_as_a_generation() -> None:
    unsigned = dump(generation("g"))
    crossed = canonical(json.loads(unsigned) | {"signature": sign_manifest(unsigned, KEY).decode()})
    with pytest.raises(Untrusted):
        verify_generation(crossed, PUBLIC, alias="production", number=1)
    with pytest.raises(Untrusted):
        verify_manifest(unsigned, sign_generation(unsigned, KEY).encode(), PUBLIC)


@pytest.mark.parametrize("signature", [b"", b"zz", b"\xff\xfe", "é".encode(), b"00" * 64])
def test_a_malformed_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(Untrusted):
        verify_manifest(b"{}", signature, PUBLIC)


def test_settings_with_keys_open_a_store_that_signs_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private.pem").write_bytes(private_pem(KEY))
    (tmp_path / "public.pem").write_bytes(public_pem(KEY))
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    plain = load_settings().open_store()
    monkeypatch.setenv("TECHNER_SIGNING_KEY", str(tmp_path / "private.pem"))
    made = signed_store(load_settings().open_store())[1]
    monkeypatch.delenv("TECHNER_SIGNING_KEY")
    monkeypatch.setenv("TECHNER_PUBLIC_KEY", str(tmp_path / "public.pem"))
    reader = load_settings().open_store()
    assert Registry(reader).production()[0] == made[2]
    plain.delete(signature_key(made[2]))
    with pytest.raises(Untrusted):
        Registry(reader).production()


def test_a_private_key_that_no_reader_trusts_opens_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night would promote with it, and each service refuse the model."""
    (tmp_path / "private.pem").write_bytes(private_pem(KEY))
    (tmp_path / "public.pem").write_bytes(public_pem(OTHER))
    for name, value in (("STORE", "store"), ("SIGNING_KEY", "private.pem"), ("PUBLIC_KEY", "public.pem")):
        monkeypatch.setenv(f"TECHNER_{name}", str(tmp_path / value))
    with pytest.raises(SettingsError, match="its public key is not in TECHNER_PUBLIC_KEY"):
        load_settings().open_store()
    (tmp_path / "public.pem").write_bytes(public_pem(OTHER) + public_pem(KEY))  # as while keys are changed
    load_settings().open_store()


@pytest.mark.parametrize("load", [load_private_key, load_public_keys])
@pytest.mark.parametrize("content", [None, b"", b"-----END PUBLIC KEY-----", b"other"])
def test_a_key_file_without_an_ed25519_key_is_named(
    load: Callable[[Path], object], content: bytes | None, tmp_path: Path
) -> None:
    if content == b"other":
        content = private_pem(ec.generate_private_key(ec.SECP256R1()))
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(SettingsError, match=r"TECHNER_(SIGNING|PUBLIC)_KEY: .*key\.pem"):
        load(tmp_path / "key.pem")
