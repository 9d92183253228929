"""Aliases: movable names, each an append-only log of generations."""

import uuid
from datetime import datetime

from techner.core.errors import AliasConflict, NotInitialised
from techner.core.manifest import Generation, Manifest
from techner.registry.log import Log, require_create_only
from techner.registry.versions import read_manifest
from techner.store import Store

PRODUCTION = "production"


def alias_log(store: Store, alias: str = PRODUCTION) -> Log[Generation]:
    return Log(store, f"aliases/{alias}", Generation)


def production(store: Store) -> tuple[str, Manifest]:
    """Return the version that `production` names, with its manifest; raises NotInitialised."""
    newest = alias_log(store).newest()
    if newest is None:
        raise NotInitialised(store.url)
    version = newest[1].version
    return version, read_manifest(store, version)


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
    read_manifest(store, version)
    require_create_only(store)
    log = alias_log(store, alias)
    newest = log.newest()
    generation, current = (newest[0], newest[1].version) if newest else (0, None)
    if current == version:
        return False
    record = Generation(id=uuid.uuid4().hex, version=version, previous=current, who=who, why=why, when=when)
    if current != expected or not log.append(record, after=generation):
        found = log.newest()
        if found and found[1].version == version:  # another try of the same task was faster
            return False
        raise AliasConflict(alias, expected, found[1].version if found else None)
    return True
