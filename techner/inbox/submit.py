"""Put a file into the inbox, with its metadata."""

import json
from contextlib import suppress
from pathlib import Path

from techner.core.delivery import BatchMetadata
from techner.core.errors import BatchError, ObjectExists, ObjectMissing
from techner.core.examples import digest
from techner.core.policy import Policies
from techner.core.scheme import label_scheme
from techner.documents import plain
from techner.inbox.deliveries import INBOX, METADATA
from techner.inbox.strays import why_stray
from techner.registry import Registry
from techner.registry.lineage import learnt
from techner.store import Store


def submit(store: Store, path: Path, *, metadata: BatchMetadata | None = None) -> str:
    """Deliver a file to the inbox; returns its name there. Delivering the same bytes again is not an error.

    Raises NotInitialised if the store has no model, and BatchError if the file cannot be read, its name is
    not one of a delivery, or the name is taken by other content.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error
    if path.name.endswith(METADATA):
        raise BatchError(f"{path.name!r} is a name for metadata; deliver the file it describes, with --scope")
    if why := why_stray(path.name, len(data), ()):
        raise BatchError(f"{path.name!r} would not be read ({why}): rename it")
    _, manifest = Registry(
        store
    ).production()  # raises if no night would read the delivery: a wrong TECHNER_STORE
    if metadata:
        written = write_metadata(metadata)
        described = digest(written)
        if any(b.digest == digest(data) and b.metadata != described for b in learnt(store, manifest)):
            raise BatchError(
                f"{path.name!r} is in production; a new scope counts only after a `techner model rollback`"
            )
        with suppress(ObjectMissing):
            _refuse_other(path.name, store.get(INBOX + path.name), data)
        # The metadata goes first: no night may see the file without it.
        _deliver(store, path.name + METADATA, written)
    _deliver(store, path.name, data)
    return path.name


def write_metadata(metadata: BatchMetadata) -> bytes:
    """Return metadata as canonical JSON, without empty fields."""
    said = {name: value for name, value in plain(metadata).items() if value is not None}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _deliver(store: Store, name: str, data: bytes) -> None:
    try:
        store.create(INBOX + name, data)
    except ObjectExists:
        _refuse_other(name, store.get(INBOX + name), data)


def _refuse_other(name: str, found: bytes, data: bytes) -> None:
    if found != data and name.endswith(METADATA):
        raise BatchError(f"another scope has already been delivered; to correct it, replace {INBOX}{name}")
    if found != data:
        raise BatchError(f"{name!r} was delivered before with other content; batches never change: rename it")


def scope_metadata(store: Store, policies: Policies, scope: tuple[str, ...]) -> BatchMetadata:
    """Return the metadata of a delivery; raises BatchError for a label that a night would refuse."""
    _, manifest = Registry(store).production()
    if fault := label_scheme(manifest.pretrained_labels, policies).scope_fault(scope):
        raise BatchError(fault)
    return BatchMetadata(scope=scope)
