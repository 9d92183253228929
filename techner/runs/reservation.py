"""Between a running publish and `gc`: the one that writes first is seen by the other (ADR 15)."""

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
    """What a collection is removing; there while it is under way."""

    who: str
    when: str
    versions: tuple[str, ...]
    runs: tuple[str, ...]
    blobs: tuple[str, ...]
    signature: str | None = None
    """As a generation's; publications believe no other word on what is being removed."""


def condemned(store: Store) -> Condemned | None:
    """Return what is being removed; None where no collection is under way."""
    try:
        return parse(Condemned, store.get(CONDEMNED), where=CONDEMNED)
    except ObjectMissing:
        return None


@contextmanager
def reserve(run: RunDocuments, manifest: Manifest, *, version: str) -> Iterator[None]:
    """Keep `gc` from `version` and its files for the time of the block; raises RegistryError when too late.

    What was removed before is found missing by the proof that follows in the block; nothing is removed after.
    """
    # First our word, then a look at gc's; gc writes first, then looks at ours. One of us sees the other.
    try:
        run.write(Reserved(version=version, manifest=manifest))
        _refuse_condemned(run.store, manifest, version)
        yield
    finally:  # only now that an alias names it, or nothing needs it
        end_reservation(run)


def end_reservation(run: RunDocuments) -> None:
    """Let go of what the run reserved; where the store refuses, say so and go on.

    What the block did is done: as an error, a rollback would be tried again, and go back twice.
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
    ours = {entry.sha256 for entry in (*manifest.files, *manifest.records.values())}
    if ours & {*removing.blobs} or version in removing.versions:
        raise RegistryError(
            f"`techner model gc` of {removing.who} is removing files of this version since {removing.when}; "
            "run again when it has ended"
        )
