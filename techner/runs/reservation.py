"""How a publish and a `gc` that run at once see each other: each writes before it reads (ADR 15)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from techner.core.document import document
from techner.core.errors import ObjectMissing, RegistryError, StoreError
from techner.core.manifest import Manifest
from techner.core.run_documents import Reserved
from techner.documents import parse
from techner.runs.documents import RunDocuments
from techner.store import Store

CONDEMNED = "gc/condemned.json"
log = logging.getLogger("techner.nightly")


@document
class Condemned:
    """What a collection is removing; exists while the collection is under way."""

    who: str
    when: str
    versions: tuple[str, ...]
    runs: tuple[str, ...]
    blobs: tuple[str, ...]
    signature: str | None = None
    """As a generation's; with keys set, a publication trusts no record without it."""


def condemned(store: Store) -> Condemned | None:
    """Return what is being removed; None if no collection is under way."""
    try:
        return parse(Condemned, store.get(CONDEMNED), where=CONDEMNED)
    except ObjectMissing:
        return None


@contextmanager
def reserve(run: RunDocuments, manifest: Manifest, *, version: str) -> Iterator[None]:
    """Protect `version` and its files from `gc` during the block.

    Raises RegistryError if `gc` is removing any of them. The proof inside the block finds what was removed
    before; nothing is removed after.
    """
    # We write our record, then read gc's; gc writes its own, then reads ours. At least one sees the other.
    try:
        run.write(Reserved(version=version, manifest=manifest))
        _refuse_condemned(run.store, manifest, version)
        yield
    finally:  # only once an alias names the version, or nothing needs it
        end_reservation(run)


def end_reservation(run: RunDocuments) -> None:
    """Release what the run reserved; if the store refuses, log a warning.

    The work is done by now: an error would have a rollback tried again, and it would go back twice.
    """
    try:
        run.store.delete(run.key(Reserved))
    except StoreError as error:
        log.warning(
            "%s was not removed; it keeps its version until `techner run abandon %s`: %s",
            run.key(Reserved),
            run.id,
            error,
        )


def _refuse_condemned(store: Store, manifest: Manifest, version: str) -> None:
    removing = condemned(store)
    if removing is None:
        return
    ours = {entry.sha256 for _, entry in manifest.blobs}
    if ours & {*removing.blobs} or version in removing.versions:
        raise RegistryError(
            f"`techner model gc`, begun by {removing.who} at {removing.when}, is removing files of this "
            "version; run again when it has ended"
        )
