"""What annotators put into the inbox: batches, and the metadata beside them."""

import logging
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from techner.core.errors import BatchError, ObjectMissing, StoreError
from techner.core.examples import digest
from techner.core.manifest import BatchRef
from techner.store import Store, Stored
from techner.store.base import check_key

INBOX = "inbox/"
METADATA = ".meta.json"
"""Ends the name of what describes the delivery of the name before it."""
_DIGEST = re.compile(rb"[0-9a-f]{64}")
log = logging.getLogger("techner.nightly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    data: bytes
    metadata: bytes | None


def deliveries(store: Store, cache: Path) -> Iterator[BatchRef]:
    """Yield every batch of the inbox, by name."""
    entries = {entry.key: entry for entry in store.list(INBOX) if _can_be_read(entry.key)}
    for key in entries:
        if key.endswith(METADATA) and key.removesuffix(METADATA) not in entries:
            log.warning("%s describes a delivery that is not there", key)
    seen: dict[str, BatchRef] = {}
    for key, entry in entries.items():
        if key.endswith(METADATA):
            continue
        beside = entries.get(key + METADATA)
        ref = BatchRef(
            name=key.removeprefix(INBOX),
            digest=_digest(store, entry, cache),
            metadata=_digest(store, beside, cache) if beside else None,
        )
        if ref.digest not in seen:
            seen[ref.digest] = ref
            yield ref
        elif ref.metadata != seen[ref.digest].metadata:
            log.warning("%s holds the same as %s, whose metadata counts", ref.name, seen[ref.digest].name)


def _can_be_read(key: str) -> bool:
    if key.endswith("/"):  # an S3 console's way to show an empty folder
        return False
    try:
        check_key(key)
    except StoreError as error:  # one odd name must not stop the night
        log.warning("not read, rename it: %s", error)
        return False
    return True


def _digest(store: Store, entry: Stored, cache: Path) -> str:
    """Return the digest of an object, read again only where the store's change mark is a new one."""
    known = _remembered(store, entry, cache)
    # A full disk or a crash leaves entries without their content: those are read again.
    if known.is_file() and _DIGEST.fullmatch(said := known.read_bytes()):
        return said.decode()
    found = digest(store.get(entry.key))
    known.parent.mkdir(parents=True, exist_ok=True)
    fresh = known.with_suffix(f".{uuid.uuid4().hex}")
    fresh.write_text(found)
    fresh.replace(known)
    return found


def _remembered(store: Store, entry: Stored, cache: Path) -> Path:
    return cache / "deliveries" / digest(f"{store.identity}\n{entry.key}\n{entry.tag}".encode())


def was_replaced(store: Store, batch: BatchRef, cache: Path) -> bool:
    """Read a delivery again, whatever its change mark says; where it is another, forget what the cache says.

    So a survey that follows tells the truth, though somebody replaced the file and kept the mark.
    """
    parts = {INBOX + batch.name: batch.digest, INBOX + batch.name + METADATA: batch.metadata}
    replaced = [key for key, expected in parts.items() if expected and _digest_now(store, key) != expected]
    for key in replaced:
        for entry in store.list(key, limit=1):
            _remembered(store, entry, cache).unlink(missing_ok=True)
    return bool(replaced)


def _digest_now(store: Store, key: str) -> str | None:
    try:
        return digest(store.get(key))
    except ObjectMissing:
        return None


def read_delivery(store: Store, batch: BatchRef) -> Delivery:
    """Return what was planned; raises BatchError where it changed or went after the plan was made."""
    return Delivery(
        data=_read(store, batch.name, batch.digest),
        metadata=_read(store, batch.name + METADATA, batch.metadata) if batch.metadata else None,
    )


def _read(store: Store, name: str, expected: str) -> bytes:
    try:
        data = store.get(INBOX + name)
    except ObjectMissing as error:
        raise BatchError(
            f"{name!r} was taken out of the inbox after the run was planned: "
            "put it back, or let the next run go without it"
        ) from error
    if digest(data) != expected:
        raise BatchError(f"{name!r} was overwritten after the run was planned; the next run reads it anew")
    return data
