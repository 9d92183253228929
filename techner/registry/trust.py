"""A store that returns only what a trusted key signed, and signs what is written through it (ADR 17).

The store itself verifies each document, according to its place, so that no wrapper and no reader can forget
to. Blobs and reference sets are named by their digest, and deliveries are examined: neither is signed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from techner.core.errors import IntegrityError, ObjectMissing, SettingsError, Untrusted
from techner.core.examples import digest
from techner.documents import canonical
from techner.registry.key_changes import verify_in_log
from techner.registry.names import generation_of
from techner.registry.signing import (
    sign_document,
    sign_generation,
    sign_manifest,
    sign_record,
    verify_document,
    verify_manifest,
    verify_record,
)
from techner.store import Store
from techner.store.base import CHUNK_BYTES
from techner.store.wrapped import WrappedStore

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = ".sig"
SIGNED = ("aliases/", "batches/", "decisions/", "gc/", "index/", "judgements/", "runs/", "versions/")
"""Places whose objects are trusted only with a signature, except the signatures themselves."""
_GENERATION = re.compile(r"aliases/([^/]+)/\d{12}\.json")
_RECORD = re.compile(r"(?:decisions/[^/]+|judgements)/\d{12}\.json|gc/condemned\.json")
_MANIFEST = re.compile(r"versions/([^/]+)/manifest\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedStore(WrappedStore):
    """Verifies what it reads with `public`, and signs what it writes with `private`."""

    public: "tuple[Ed25519PublicKey, ...]"
    private: "Ed25519PrivateKey | None" = None
    vouched: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → digest of the generations that trusted ones lead back to."""

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing, and Untrusted if they must be signed and are not."""
        data = self.inner.get(key)
        if is_signed(key):
            self._verify(key, data)
        return data

    def create(self, key: str, data: bytes) -> None:
        self.inner.create(key, self._signed(key, data))

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, self._signed(key, data))

    def delete(self, key: str) -> None:
        self.inner.delete(key)
        if key.startswith("runs/") and is_signed(key):
            self.inner.delete(signature_of(key, b""))

    def upload(self, key: str, path: Path) -> None:
        if is_signed(key):
            self.create(key, path.read_bytes())
        else:
            self.inner.upload(key, path)

    def download(self, key: str, path: Path) -> None:
        if is_signed(key):
            path.write_bytes(self.get(key))
        else:
            self.inner.download(key, path)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        if not is_signed(key):
            return self.inner.chunks(key, start=start)
        data = self.get(key)
        return (data[at : at + CHUNK_BYTES] for at in range(start, len(data), CHUNK_BYTES))

    def presigned(self, key: str, *, seconds: int) -> str | None:
        return None if is_signed(key) else self.inner.presigned(key, seconds=seconds)

    def _verify(self, key: str, data: bytes) -> None:
        if found := _GENERATION.fullmatch(key):
            verify_in_log(self.inner, data, found[1], generation_of(key) or 0, self.public, self.vouched)
        elif _RECORD.fullmatch(key):
            verify_record(key, data, self.public)
        else:
            manifest = _MANIFEST.fullmatch(key)
            what = f"the manifest of {manifest[1]}" if manifest else key
            try:
                signature = self.inner.get(signature_of(key, data))
            except ObjectMissing as error:
                raise Untrusted(what, "not signed") from error
            if manifest:
                verify_manifest(data, signature, self.public, what=what)
            else:
                verify_document(key, data, signature=signature, keys=self.public)

    def _signed(self, key: str, data: bytes) -> bytes:
        """Return the bytes to write; a separate signature goes first: without it, readers refuse them."""
        if not is_signed(key):
            return data
        if self.private is None:
            raise SettingsError(
                "TECHNER_PUBLIC_KEY is set, so what is not signed is refused: set TECHNER_SIGNING_KEY too"
            )
        if _GENERATION.fullmatch(key):
            return _with(data, sign_generation(_with(data, None), self.private))
        if _RECORD.fullmatch(key):
            return _with(data, sign_record(key, _with(data, None), self.private))
        sign_beside(self.inner, key, data, self.private)
        return data


def trusted(
    store: Store,
    public: "tuple[Ed25519PublicKey, ...]",
    private: "Ed25519PrivateKey | None" = None,
) -> Store:
    """Return a store that trusts `public` and the signatures of `private` alone; without keys, `store`."""
    own = (private.public_key(),) if private else ()
    keys = (*own, *public)
    return TrustedStore(inner=store, public=keys, private=private) if keys else store


def sign_beside(store: Store, key: str, data: bytes, private: "Ed25519PrivateKey") -> None:
    """Write the separate signature of a document."""
    made = sign_manifest(data, private) if _MANIFEST.fullmatch(key) else sign_document(key, data, private)
    store.put(signature_of(key, data), made)


def is_signed(key: str) -> bool:
    """Tell whether what is at `key` must be signed."""
    return key.startswith(SIGNED) and not key.endswith(SIGNATURE)


def signature_of(key: str, data: bytes) -> str:
    """Return the key of the separate signature of a document."""
    if _MANIFEST.fullmatch(key):
        return key.removesuffix(".json") + SIGNATURE
    if key.startswith("batches/"):  # two nights may examine one batch: neither replaces the other's
        return f"{key}.{digest(data)[:16]}{SIGNATURE}"
    return key + SIGNATURE


def holds_its_signature(key: str) -> bool:
    """Tell whether what is at `key` is a record of a log, which holds its signature in a field."""
    return bool(_GENERATION.fullmatch(key) or _RECORD.fullmatch(key))


def signature_key(version: str) -> str:
    return f"versions/{version}/manifest{SIGNATURE}"


def _with(data: bytes, signature: str | None) -> bytes:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise IntegrityError("a record of a log must be a JSON document") from error
    return canonical(document | {"signature": signature})
