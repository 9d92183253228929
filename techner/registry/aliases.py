"""Aliases: movable names, each an append-only log of generations."""

import uuid
from datetime import datetime

from techner.core.errors import AliasConflict, IntegrityError, NotInitialised, RegistryError
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.records import Generation
from techner.registry.log import Log, require_create_only
from techner.registry.versions import read_manifest, read_manifest_bytes, stored_manifest
from techner.store import Store

PRODUCTION = "production"


def alias_log(store: Store, alias: str = PRODUCTION) -> Log[Generation]:
    """Return the log of an alias."""
    return Log(store, f"aliases/{alias}", Generation)


def alias_names(store: Store) -> tuple[str, ...]:
    """Return the names of all aliases that ever pointed somewhere."""
    return tuple(dict.fromkeys(entry.key.split("/")[1] for entry in store.list("aliases/")))


def alias_at(store: Store, at: datetime, *, alias: str = PRODUCTION) -> Generation:
    """Return the move that put the alias where it was at that time; raises RegistryError before the first."""
    first = None
    for _, record in alias_log(store, alias).records():
        if record.when <= at:
            return record
        first = record
    since = f"its first move was at {first.when.isoformat()}" if first else "it never named anything"
    raise RegistryError(f"{alias!r} named nothing at {at.isoformat()}: {since}")


def resolve(store: Store, name: str) -> tuple[str, Manifest]:
    """Return the version that an alias names, or the version of this name, with its manifest."""
    if name == PRODUCTION:
        return production(store)
    newest = alias_log(store, name).newest()
    if newest is None:
        return name, read_manifest(store, name)
    return newest.record.version, manifest_of(store, newest.record)


def production(store: Store) -> tuple[str, Manifest]:
    """Return the version that `production` names, with its manifest; raises NotInitialised."""
    newest = alias_log(store).newest()
    if newest is None:
        raise NotInitialised(store.url)
    return newest.record.version, manifest_of(store, newest.record)


def manifest_of(store: Store, generation: Generation) -> Manifest:
    """Return the manifest that a generation names, the very bytes; raises IntegrityError."""
    data, manifest = stored_manifest(store, generation.version)
    if digest(data) != generation.manifest:
        raise IntegrityError(f"the manifest of {generation.version} is not the one that was promoted")
    return manifest


def move_alias(
    store: Store,
    version: str,
    *,
    expected: str | None,
    who: str,
    why: str,
    when: datetime,
    alias: str = PRODUCTION,
) -> bool:
    """Point the alias at `version` if it still names `expected`; False where it names `version` already.

    The one commit point of a night. Raises AliasConflict where another writer moved it first, and StoreError
    where the store cannot keep two writers apart; UnknownVersion for a version that does not exist.
    """
    manifest = read_manifest_bytes(store, version)
    require_create_only(store)
    log = alias_log(store, alias)
    newest = next(log.stored(limit=1), None)
    number, before = (newest.generation, digest(newest.data)) if newest else (0, None)
    current = log.read(newest).version if newest else None
    if current == version:
        return False
    record = Generation(
        id=uuid.uuid4().hex,
        alias=alias,
        number=number + 1,
        version=version,
        manifest=digest(manifest),
        previous=current,
        before=before,
        who=who,
        why=why,
        when=when,
    )
    if current != expected or not log.append(record, after=number):
        found = log.newest()
        if found and found.record.version == version:  # another try of the same task was faster
            return False
        raise AliasConflict(alias, expected, found.record.version if found else None)
    return True
