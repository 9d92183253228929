"""A store whose manifests and aliases are believed only with a signature, whoever reads through it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from techner.core.errors import ObjectMissing, SettingsError, Untrusted
from techner.registry.signing import (
    sign_document,
    sign_generation,
    sign_manifest,
    verify_document,
    verify_generation,
    verify_manifest,
)
from techner.store import Store
from techner.store.base import Stored

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SIGNATURE = ".sig"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedStore:
    """Does what `inner` does; the functions of the registry ask it to verify and to sign."""

    inner: Store
    public: "tuple[Ed25519PublicKey, ...]"
    private: "Ed25519PrivateKey | None" = None

    @property
    def url(self) -> str:
        return self.inner.url

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def create(self, key: str, data: bytes) -> None:
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return self.inner.list(prefix, limit=limit)

    def upload(self, key: str, path: Path) -> None:
        self.inner.upload(key, path)

    def download(self, key: str, path: Path) -> None:
        self.inner.download(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return self.inner.chunks(key, start=start)

    def presigned(self, key: str, *, seconds: int) -> str | None:
        return self.inner.presigned(key, seconds=seconds)


def trusted(
    store: Store,
    public: "tuple[Ed25519PublicKey, ...]",
    private: "Ed25519PrivateKey | None" = None,
) -> Store:
    """Return a store that believes `public` alone, and `private`'s own signatures; without keys, `store`."""
    own = (private.public_key(),) if private else ()
    keys = (*own, *public)
    return TrustedStore(inner=store, public=keys, private=private) if keys else store


def signature_key(version: str) -> str:
    return f"versions/{version}/manifest.sig"


def check_manifest(store: Store, version: str, manifest: bytes) -> None:
    """Raise Untrusted where the store is a trusted one and the manifest is not signed."""
    if not isinstance(store, TrustedStore):
        return
    try:
        signature = store.get(signature_key(version))
    except ObjectMissing as error:
        raise Untrusted(f"the manifest of {version}", "not signed") from error
    verify_manifest(manifest, signature, store.public)


def check_generation(store: Store, data: bytes, *, alias: str, number: int) -> None:
    """Raise Untrusted where the store is a trusted one and the generation is not signed."""
    if isinstance(store, TrustedStore):
        verify_generation(data, store.public, alias=alias, number=number)


def manifest_signature(store: Store, manifest: bytes) -> bytes | None:
    """Sign a manifest; None where nothing is signed. Raises SettingsError where the key is missing."""
    key = _signing_key(store)
    return sign_manifest(manifest, key) if key else None


def generation_signature(store: Store, unsigned: bytes) -> str | None:
    """Sign a generation; None where nothing is signed. Raises SettingsError where the key is missing."""
    key = _signing_key(store)
    return sign_generation(unsigned, key) if key else None


def put_document(store: Store, key: str, data: bytes) -> None:
    """Write a run's document, signed where the store is a trusted one."""
    if private := _signing_key(store):  # first: a document without its signature would be refused
        store.put(f"{key}{_SIGNATURE}", sign_document(key, data, private))
    store.put(key, data)


def get_document(store: Store, key: str) -> bytes:
    """Return what `put_document` wrote; raises ObjectMissing, and Untrusted where a signature is missing."""
    data = store.get(key)
    if isinstance(store, TrustedStore):
        try:
            signature = store.get(f"{key}{_SIGNATURE}")
        except ObjectMissing as error:
            raise Untrusted(key, "not signed") from error
        verify_document(key, data, signature=signature, keys=store.public)
    return data


def delete_document(store: Store, key: str) -> None:
    """Remove a run's document, and its signature."""
    store.delete(key)
    store.delete(f"{key}{_SIGNATURE}")


def _signing_key(store: Store) -> "Ed25519PrivateKey | None":
    if not isinstance(store, TrustedStore):
        return None
    if store.private is None:
        raise SettingsError(
            "TECHNER_PUBLIC_KEY is set, so services refuse what is not signed: set TECHNER_SIGNING_KEY too"
        )
    return store.private
