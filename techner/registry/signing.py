"""Ed25519 signatures of manifests and of the generations of an alias (ADR 14).

    keys = load_public_keys(path)                                  PEM; several keys: any of them counts
    verify_manifest(data, signature, keys)                         `signature`: versions/<v>/manifest.sig
    verify_generation(data, keys, alias="production", number=7)    the signature is in the document

The last two raise Untrusted, and look at bytes alone: no store, no clock. A store that `trust.trusted` made
verifies what is read through it by itself.
"""

import codecs
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from techner.core.errors import SettingsError, Untrusted
from techner.core.examples import digest
from techner.documents import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# What is signed starts with its kind, so a signed manifest can never pass for a generation, or vice versa.
_MANIFEST = b"techner manifest 1\n"
_GENERATION = b"techner alias generation 1\n"
_DOCUMENT = b"techner run document 1\n"
_RECORD = b"techner log record 1\n"
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_BORDERS = 2


def load_private_key(path: Path) -> "Ed25519PrivateKey":
    """Read a PEM key without a password, as `openssl genpkey -algorithm ed25519` makes it.

    Raises SettingsError if the file holds anything else.
    """
    ed25519, serialization = _library()
    data = _read(path, "TECHNER_SIGNING_KEY")
    if data.count(b"PRIVATE KEY-----") > _BORDERS:  # it is unclear which one was meant
        raise SettingsError(f"TECHNER_SIGNING_KEY: {path} holds several keys; give one")
    key = _parsed(partial(serialization.load_pem_private_key, password=None), data)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SettingsError(
            f"TECHNER_SIGNING_KEY: {path} holds no Ed25519 key in PEM without a password; "
            "`openssl genpkey -algorithm ed25519 -out FILE` makes one"
        )
    return cast("Ed25519PrivateKey", key)


def load_public_keys(path: Path) -> "tuple[Ed25519PublicKey, ...]":
    """Read one or more PEM public keys, several during a rotation; raises SettingsError.

    Besides keys, the file may hold only comments (`#`), so that a key that was cut short is not overlooked.
    """
    ed25519, serialization = _library()
    data = _read(path, "TECHNER_PUBLIC_KEY").removeprefix(codecs.BOM_UTF8)
    if b"PRIVATE KEY-----" in data:
        raise _no_public_keys(path, "a private key, which belongs to the nightly run alone")
    keys = [_parsed(serialization.load_pem_public_key, block) for block in _PEM.findall(data)]
    if not all(isinstance(key, ed25519.Ed25519PublicKey) for key in keys):
        raise _no_public_keys(path, "a key that is broken or not Ed25519")
    rest = [line for line in _PEM.sub(b"", data).splitlines() if line.strip() and not line.startswith(b"#")]
    if rest or not keys:
        what = "something other than PEM keys, or a key that was cut short" if rest else "no key"
        raise _no_public_keys(path, what)
    return tuple(keys)


def _no_public_keys(path: Path, what: str) -> SettingsError:
    return SettingsError(
        f"TECHNER_PUBLIC_KEY: {path} holds {what}; `openssl pkey -in PRIVATE -pubout -out FILE` writes a "
        "public key, and a file may hold several"
    )


def _parsed(load: Callable[[bytes], Any], data: bytes) -> Any:
    """Return a key; None if the library cannot read it."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def require_believed(private: "Ed25519PrivateKey", public: "tuple[Ed25519PublicKey, ...]") -> None:
    """Raise SettingsError if those who trust `public` alone would refuse what `private` signs."""
    own = private.public_key().public_bytes_raw()
    if own not in [key.public_bytes_raw() for key in public]:
        raise SettingsError(
            "TECHNER_SIGNING_KEY: its public key is not in TECHNER_PUBLIC_KEY, so all who read with that "
            "file would refuse what is written here: add it there and to the files of all readers, or give "
            "the right key (`openssl pkey -in PRIVATE -pubout` prints it)"
        )


def keys_digest(keys: "tuple[Ed25519PublicKey, ...]") -> str:
    """Return the digest of a set of keys, whatever their order; empty without keys."""
    return digest(b"".join(sorted(key.public_bytes_raw() for key in keys))) if keys else ""


def sign_manifest(manifest: bytes, key: "Ed25519PrivateKey") -> bytes:
    """Return the signature, in hex; Ed25519 gives the same one for the same bytes."""
    return key.sign(_MANIFEST + manifest).hex().encode()


def verify_manifest(
    manifest: bytes, signature: bytes, keys: "tuple[Ed25519PublicKey, ...]", *, what: str = "the manifest"
) -> None:
    """Raise Untrusted unless one of `keys` signed exactly these bytes; the message calls them `what`."""
    _verify(_MANIFEST + manifest, signature.decode("ascii", "replace"), keys, what=what)


def sign_generation(unsigned: bytes, key: "Ed25519PrivateKey") -> str:
    """Return the signature of a generation's document whose `signature` is null."""
    return key.sign(_GENERATION + unsigned).hex()


def verify_generation(data: bytes, keys: "tuple[Ed25519PublicKey, ...]", *, alias: str, number: int) -> None:
    """Raise Untrusted unless one of `keys` signed these bytes as this very generation of this alias."""
    what = f"generation {number} of {alias!r}"
    document = _verify_inside(_GENERATION, data, keys, what=what)
    if (document.get("alias"), document.get("number")) != (alias, number):
        raise Untrusted(what, f"a copy of generation {document.get('number')} of {document.get('alias')!r}")


def sign_record(where: str, unsigned: bytes, key: "Ed25519PrivateKey") -> str:
    """Return the signature of a log's record whose `signature` is null; it holds for this place alone."""
    return key.sign(_RECORD + where.encode() + b"\n" + unsigned).hex()


def verify_record(where: str, data: bytes, keys: "tuple[Ed25519PublicKey, ...]") -> None:
    """Raise Untrusted unless one of `keys` signed these bytes as the record at this place."""
    _verify_inside(_RECORD + where.encode() + b"\n", data, keys, what=where)


def sign_document(where: str, data: bytes, key: "Ed25519PrivateKey") -> bytes:
    """Return the signature of a run's document, in hex; it holds for this place in the store alone."""
    return key.sign(_DOCUMENT + where.encode() + b"\n" + data).hex().encode()


def verify_document(
    where: str, data: bytes, *, signature: bytes, keys: "tuple[Ed25519PublicKey, ...]"
) -> None:
    """Raise Untrusted unless one of `keys` signed these bytes for this place."""
    signed = _DOCUMENT + where.encode() + b"\n" + data
    _verify(signed, signature.decode("ascii", "replace"), keys, what=where)


def _verify_inside(
    kind: bytes, data: bytes, keys: "tuple[Ed25519PublicKey, ...]", *, what: str
) -> dict[str, Any]:
    """Verify a document that holds its own signature, and return it."""
    try:
        document = json.loads(data)
        # Only the canonical form: nothing can be read in two ways, or be added to what is signed.
        if not isinstance(document, dict) or canonical(document) != data:
            raise Untrusted(what, "not written as techner writes it")
    except (ValueError, RecursionError) as error:
        raise Untrusted(what, "no JSON document") from error
    signature = document.get("signature")
    if not isinstance(signature, str):
        raise Untrusted(what, "not signed")
    _verify(kind + canonical(document | {"signature": None}), signature, keys, what=what)
    return document


def _verify(data: bytes, signature: str, keys: "tuple[Ed25519PublicKey, ...]", *, what: str) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        raw = bytes.fromhex(signature)
    except ValueError as error:
        raise Untrusted(what, "signed in an unknown form") from error
    for key in keys:
        try:
            key.verify(raw, data)
        except InvalidSignature:
            continue
        return
    raise Untrusted(what, "altered, or signed by a key that is not trusted")


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{setting}: cannot read {path}: {error.strerror}") from error


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise SettingsError("signatures need the extra `sign`: pip install 'techner[sign]'") from error
    return ed25519, serialization
