"""What logs refer to is copied before them; what is damaged is left out, with all that needs it."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from techner.core.errors import IntegrityError, ObjectMissing, StoreError
from techner.core.manifest import Manifest
from techner.corpus.reference import load_reference
from techner.inbox.deliveries import INBOX
from techner.operate.collect import digests_in
from techner.operate.copying import Copier, each
from techner.operate.leftovers import read_json
from techner.operate.snapshot import BATCHES, BLOBS, REFERENCE, VERSIONS, Snapshot
from techner.registry.blobs import blob_key
from techner.registry.verify import Damage
from techner.registry.versions import manifest_key, named_manifest
from techner.runs.documents import RUNS, run_of
from techner.store.base import Stored, check_key


def copy_files(copier: Copier, snapshot: Snapshot) -> None:
    """Copy all that is not a log, in the order of `COPIED`; faults are added to those of `copier`."""
    blobs = snapshot.listed[BLOBS]
    found = zip(blobs, each(copier.copy_blob, blobs), strict=True)
    damaged = {entry.key.rpartition("/")[2]: detail for entry, detail in found if detail}
    each(partial(_reference, copier), snapshot.groups(REFERENCE))
    each(partial(_delivery, copier), snapshot.groups(INBOX))
    each(partial(_examination, copier), snapshot.groups(BATCHES))
    told = each(partial(_version, copier, damaged), snapshot.groups(VERSIONS))
    each(partial(_run, copier, snapshot), snapshot.groups(RUNS))
    untold = damaged.keys() - set().union(*told)
    copier.faults += [Damage(where="blobs", what=sha, detail=damaged[sha]) for sha in sorted(untold)]


def _reference(copier: Copier, group: tuple[Stored, ...]) -> None:
    if all(map(copier.is_current, group)):
        return
    name = group[0].key.split("/")[1]
    try:
        load_reference(copier.source, name)
        for entry in group:
            copier.copy(entry)
    except (IntegrityError, ObjectMissing) as error:
        copier.faults.append(Damage(where="reference", what=name, detail=str(error)))


def _delivery(copier: Copier, group: tuple[Stored, ...]) -> None:
    for entry in group:
        if fault := _unreadable(entry):
            copier.faults.append(Damage(where="inbox", what=entry.key.removeprefix(INBOX), detail=fault))
        elif not entry.key.endswith("/"):  # an empty object by which a console shows a folder
            with suppress(ObjectMissing):  # taken away since it was listed
                copier.copy(entry)


def _unreadable(entry: Stored) -> str | None:
    try:
        check_key(entry.key.removesuffix("/"))
    except StoreError as error:
        return str(error)
    return entry.fault


def _examination(copier: Copier, group: tuple[Stored, ...]) -> None:
    for entry in group:  # its report comes last: without it, the batch is examined again
        try:
            copier.copy(entry)
        except (IntegrityError, ObjectMissing) as error:
            copier.faults.append(Damage(where="batches", what=entry.key, detail=str(error)))
            return


def _version(copier: Copier, damaged: dict[str, str], group: tuple[Stored, ...]) -> set[str]:
    """Copy a version all of whose files are there; return the blobs that were named as its faults."""
    version = group[0].key.split("/")[1]
    key = manifest_key(version)
    # A signature alone was left by a killed writer: there is no version.
    if all(map(copier.is_current, group)) or key not in {entry.key for entry in group}:
        return set()
    try:
        data = copier.source.get(key)
        manifest = named_manifest(version, data)
        faults = list(_faults(copier, version, manifest, damaged))
        for one in group if not faults else ():
            copier.copy(one, data if one.key == key else None)
    except (IntegrityError, ObjectMissing) as error:
        faults = [Damage(where=version, what="manifest.json", detail=str(error))]
        manifest = None
    copier.faults += faults
    return {entry.sha256 for _, entry in copier.missing(manifest)} if manifest else set()


def _faults(copier: Copier, version: str, manifest: Manifest, damaged: dict[str, str]) -> Iterator[Damage]:
    for path, entry in copier.missing(manifest):
        detail = f"blob {entry.sha256} {damaged.get(entry.sha256, 'is missing')}"
        yield Damage(where=version, what=path, detail=detail)
    if f"{REFERENCE}{manifest.lineage.reference}/about.json" not in copier.there:
        detail = f"the reference set {manifest.lineage.reference} is missing or damaged"
        yield Damage(where=version, what="reference set", detail=detail)


def _run(copier: Copier, snapshot: Snapshot, group: tuple[Stored, ...]) -> None:
    new = [(entry, data) for entry in group if (data := snapshot.documents.get(entry.key)) is not None]
    for entry, data in new:
        if entry.key.endswith(".json") and (fault := _fault_of(copier, entry.key, data)):
            copier.faults.append(Damage(where=f"run {run_of(entry.key)}", what=entry.key, detail=fault))
            return
    for entry, data in new:
        copier.copy(entry, data)


def _fault_of(copier: Copier, key: str, data: bytes) -> str | None:
    try:
        needed = set(digests_in(read_json(data, where=key)))
    except IntegrityError as error:
        return str(error)
    missing = sorted(sha256 for sha256 in needed if blob_key(sha256) not in copier.there)
    return f"blob {missing[0]} is missing or damaged" if missing else None
