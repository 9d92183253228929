"""A generation is trusted for its own signature, or for that of a later one that leads back to it (ADR 25).

`before` of a generation is the digest of the previous one, so its signature also covers that one.
"""

import json
from typing import TYPE_CHECKING

from techner.core.errors import ObjectMissing, Untrusted
from techner.core.examples import digest
from techner.registry.names import record_name
from techner.registry.signing import verify_generation
from techner.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify_in_log(
    store: Store,
    data: bytes,
    alias: str,
    number: int,
    keys: "tuple[Ed25519PublicKey, ...]",
    vouched: dict[str, str],
) -> None:
    """Raise Untrusted unless one of `keys` signed this generation, or a later one that leads back to it.

    `vouched` collects key → digest of the generations that trusted ones lead back to, so that a log that is
    read newest first costs no extra request.
    """
    key = _key(alias, number)
    try:
        verify_generation(data, keys, alias=alias, number=number)
    except Untrusted:
        if key not in vouched:
            _look_above(store, alias, number, keys, vouched)
        if vouched.get(key) != digest(data):
            raise
    _vouch(alias, number, data, vouched)


def _look_above(
    store: Store, alias: str, number: int, keys: "tuple[Ed25519PublicKey, ...]", vouched: dict[str, str]
) -> None:
    """Go up to the next generation that one of `keys` signed, and trust what it leads back to."""
    between: list[tuple[int, bytes]] = []
    while True:
        number += 1
        try:
            data = store.get(_key(alias, number))
        except ObjectMissing:
            return
        try:
            verify_generation(data, keys, alias=alias, number=number)
            break
        except Untrusted:
            between.append((number, data))
    _vouch(alias, number, data, vouched)
    for below, data in reversed(between):
        if vouched.get(_key(alias, below)) != digest(data):
            return
        _vouch(alias, below, data, vouched)


def _vouch(alias: str, number: int, data: bytes, vouched: dict[str, str]) -> None:
    if before := json.loads(data).get("before"):
        vouched[_key(alias, number - 1)] = before


def _key(alias: str, number: int) -> str:
    return f"aliases/{alias}/{record_name(number)}"
