"""What annotators put into the inbox: batches, and the metadata beside them."""

import logging
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from techner.core.delivery import BatchRef
from techner.core.errors import BatchGone, ObjectMissing, StoreError
from techner.core.examples import digest
from techner.core.policy import QualityPolicy
from techner.core.redact import shown
from techner.inbox.strays import copies_under_way, why_stray
from techner.registry.cache_folder import cache_errors, make_folder, note_daily_use
from techner.store import Store, Stored
from techner.store.base import check_key

INBOX = "inbox/"
METADATA = ".meta.json"
"""Suffix of a metadata file; what precedes it is the name of the delivery it describes."""
_DIGEST = re.compile(rb"[0-9a-f]{64}")
log = logging.getLogger("techner.nightly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    data: bytes
    metadata: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A file in the inbox that is not a delivery, or cannot be read now."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What is in the inbox, by name."""

    batches: tuple[BatchRef, ...]
    ignored: tuple[Ignored, ...]
    later: tuple[str, ...] = ()
    """Names of files that `digest_of` left for later."""


def read_inbox(
    store: Store,
    cache: Path,
    *,
    max_bytes: int = QualityPolicy().max_delivery_bytes,
    digest_of: Callable[[Stored], str] | None = None,
) -> Inbox:
    """Return the batches in the inbox, and the files that are ignored; each of these is logged.

    `max_bytes` is the size of the largest file that is read. `digest_of` gives the digest of a listed object,
    by default as `read_digest` does; it may raise NotNow or Later.
    """
    digest_of = digest_of or (lambda entry: read_digest(store, entry, cache))
    entries = {entry.key.removeprefix(INBOX): entry for entry in store.list(INBOX)}
    copies = copies_under_way(entries)
    ignored = {
        name: why
        for name, entry in entries.items()
        if (why := _why_ignored(name, entry, entries, copies, max_bytes))
    }
    read = {name: entry for name, entry in entries.items() if name not in ignored}
    batches: dict[str, BatchRef] = {}
    later = []
    for name, entry in read.items():
        if name.endswith(METADATA):
            if name.removesuffix(METADATA) not in entries:
                log.warning("%s describes a delivery that is not there", shown(entry.key))
            continue
        if name + METADATA in ignored:
            ignored[name] = f"its metadata is not read: {ignored[name + METADATA]}"
            continue
        beside = read.get(name + METADATA)
        try:
            metadata = digest_of(beside) if beside else None
            ref = BatchRef(name=name, digest=digest_of(entry), metadata=metadata)
        except Later:
            later.append(name)
            continue
        except NotNow as error:
            ignored[name] = str(error)
            continue
        same = batches.setdefault(ref.digest, ref)
        if ref.metadata != same.metadata:
            log.warning("%s holds the same as %s, whose metadata counts", shown(name), shown(same.name))
    for name, why in ignored.items():
        log.warning("%s is not read: %s", shown(INBOX + name), shown(why))
    return Inbox(
        batches=tuple(batches.values()),
        ignored=tuple(Ignored(name=name or INBOX, why=ignored[name]) for name in sorted(ignored)),
        later=tuple(later),
    )


def too_large(size_bytes: int, max_bytes: int) -> str:
    return (
        f"it has {size_bytes / 2**20:.1f} MiB, more than the {max_bytes / 2**20:.1f} MiB of the setting "
        "quality.max_delivery_bytes: deliver smaller files"
    )


class NotNow(Exception):  # noqa: N818 - not an error but a reason to wait
    """A file cannot be read yet, such as one that changes or disappears while it is read."""


class Later(NotNow):
    """Nothing is wrong with a file, but who asks does not wait until it is read."""


def _why_ignored(
    name: str, entry: Stored, beside: Collection[str], copies: Mapping[str, str], max_bytes: int
) -> str | None:
    if entry.fault:
        return entry.fault
    if not name or (why := why_stray(name, entry.size_bytes, beside)):
        return why if name else "it marks a folder"
    try:
        check_key(entry.key)
    except StoreError as error:  # one odd name must not stop the night
        return f"rename it: {error}"
    if entry.size_bytes > max_bytes:
        return too_large(entry.size_bytes, max_bytes)
    if other := copies.get(name):
        return f"it is being copied: {other!r} is beside it; remove that file if no copy is under way"
    return None


def read_digest(store: Store, entry: Stored, cache: Path) -> str:
    """Return the digest of an object, which is read again only if the store's change mark is new.

    Raises NotNow if the object is not what was listed.
    """
    known = remembered(store, entry, cache)
    with cache_errors(cache):
        # A full disk or a crash leaves empty entries; their objects are read again.
        if known.is_file() and _DIGEST.fullmatch(said := known.read_bytes()):
            note_daily_use(known)
            return said.decode()
        try:
            data = store.get(entry.key)
        except ObjectMissing:
            raise NotNow("it was removed while it was read") from None
        if len(data) != entry.size_bytes:
            raise NotNow("its size changed while it was read: it is being copied, and the next run reads it")
        found = digest(data)
        make_folder(known.parent)
        fresh = known.with_suffix(f".{uuid.uuid4().hex}")
        fresh.write_text(found)
        if known.is_dir() and not known.is_symlink():
            shutil.rmtree(known)
        fresh.replace(known)
    return found


def remembered(store: Store, entry: Stored, cache: Path) -> Path:
    """Return where the digest of a listed object is kept; another change mark is another place."""
    return cache / "deliveries" / digest(f"{store.identity}\n{entry.key}\n{entry.tag}".encode())


def read_delivery(store: Store, batch: BatchRef) -> Delivery:
    """Return what was planned; raises BatchGone if it was overwritten or removed after planning."""
    beside = batch.name + METADATA
    return Delivery(
        data=_read(store, batch, batch.name, batch.digest),
        metadata=_read(store, batch, beside, batch.metadata) if batch.metadata else None,
    )


def _read(store: Store, batch: BatchRef, name: str, expected: str) -> bytes:
    what = "it" if name == batch.name else "its metadata"
    try:
        data = store.get(INBOX + name)
    except ObjectMissing as error:
        raise BatchGone(batch.name, f"{what} was removed after the plan") from error
    if digest(data) != expected:
        raise BatchGone(batch.name, f"{what} was overwritten after the plan")
    return data
