"""`sign`: sign records from before there was a key, or everything after a change of keys (ADR 25)."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from techner.core.errors import AliasConflict, Untrusted
from techner.core.examples import digest
from techner.core.records import Decision, Judgement
from techner.documents import parse
from techner.registry import Registry
from techner.registry.trust import SIGNED, holds_its_signature, is_signed, sign_beside, trusted
from techner.runs.judgements import Word
from techner.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOGS = {"decisions/": Decision, "judgements/": Judgement}
_ALIASES = "aliases/"


def adopt(
    bare: Store, public: "tuple[Ed25519PublicKey, ...]", private: "Ed25519PrivateKey", word: Word
) -> Iterator[str]:
    """Sign with `private` what it has not signed yet; yield the key of each signed object.

    Signed are decisions and judgements without a signature, and whatever one of `public` signed. Objects with
    another signature are left as they are: they were altered, or their key is not trusted. An alias whose
    newest move `private` has not signed gets another move to the same version, because caches remember the
    old move as it is. `bare` is the store without verification.

    Raises IntegrityError for an object that is not a record of its log, AliasConflict if an alias moves
    meanwhile.
    """
    signing, own = trusted(bare, public, private), trusted(bare, (), private)
    for prefix in SIGNED:
        for entry in [entry for entry in bare.list(prefix) if is_signed(entry.key)]:
            if not entry.key.startswith(_ALIASES) and _sign(bare, entry.key, signing, own, private):
                yield entry.key
    for alias in Registry(bare).aliases():
        newest = next(Registry(bare).log(alias).stored(limit=1), None)
        if newest and not _believed(own, newest.key) and _believed(signing, newest.key):
            _move_on_the_spot(signing, alias, word)
            yield f"{_ALIASES}{alias}"


def _sign(bare: Store, key: str, signing: Store, own: Store, private: "Ed25519PrivateKey") -> bool:
    data = bare.get(key)
    kind = next((kind for prefix, kind in LOGS.items() if key.startswith(prefix)), None)
    if kind:
        parse(kind, data, where=key)
    is_unsigned = kind is not None and json.loads(data).get("signature") is None
    if not is_unsigned:
        verified = None if _believed(own, key) else _believed(signing, key)
        if verified is None:
            return False
        data = verified  # not what was read before: it may have been exchanged meanwhile
    if holds_its_signature(key):
        signing.put(key, data)
    else:  # the document is not written: a night may be writing it now
        sign_beside(bare, key, data, private)
    return True


def _believed(store: Store, key: str) -> bytes | None:
    """Return the bytes, if their signature is trusted."""
    try:
        return store.get(key)
    except Untrusted:
        return None


def _move_on_the_spot(signing: Store, alias: str, word: Word) -> None:
    log = Registry(signing).log(alias)
    newest = next(log.stored(limit=1))
    last = log.read(newest)
    record = replace(
        last,
        id=uuid.uuid4().hex,
        number=newest.generation + 1,
        previous=last.version,
        before=digest(newest.data),
        who=word.who,
        why="signed with a new key",
        when=word.when,
        signature=None,
    )
    if not log.append(record, after=newest.generation):
        raise AliasConflict(alias, last.version, None)
