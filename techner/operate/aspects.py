"""What `doctor` looks at beside production and the sets: room in the cache, and what dead processes left."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from techner.core.errors import IntegrityError, Untrusted
from techner.core.eviction import EvictionPolicy
from techner.core.run_documents import Reserved
from techner.operate.collect import KEEP_DAYS
from techner.operate.leftovers import leftovers, stale_probes
from techner.registry.cache_entries import contents
from techner.registry.eviction import current
from techner.registry.leases import leased
from techner.registry.workspace import Workspace
from techner.runs.documents import RUNS, is_of_kind, run_of
from techner.runs.reservation import condemned
from techner.store import Store

COPIES = 4
"""Models that a night may hold on the local disk: origin, production, candidate, and one in the making."""
KEPT_COPIES = 2
"""Models that nights use again and again: origin and production."""
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """One thing that was looked at."""

    what: str
    detail: str
    is_well: bool = True


def room(workspace: Workspace, model_bytes: int) -> Aspect:
    """Tell how full the cache is, and whether a night on a model of this size finds room in it."""
    cache = workspace.cache.absolute()
    found = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = room_in(workspace.cache, model_bytes, free_bytes=shutil.disk_usage(found).free)
    used = held(workspace.cache, workspace.eviction, model_bytes)
    return Aspect(what="cache", detail=f"{free.detail}; {used.detail}", is_well=free.is_well and used.is_well)


def held(cache: Path, policy: EvictionPolicy, model_bytes: int) -> Aspect:
    """Tell how much a cache holds against its bound; one that a night cannot keep within is a fault."""
    found = contents(cache.resolve())
    most = f"{policy.max_bytes / 1e6:.0f} MB" if policy.max_bytes else "any number"
    said = f"it holds {found.size_bytes / 1e6:.0f} MB of at most {most} (eviction.max_bytes)"
    try:
        current(cache)
        leased(cache)
    except (OSError, ValueError) as error:
        return Aspect(what="cache", detail=f"{said}, and nothing is evicted: {error}", is_well=False)
    if found.unread:
        detail = f"{said}, and cannot be read in {found.unread[0]}: remove that, or give yourself the right"
        return Aspect(what="cache", detail=detail, is_well=False)
    if 0 < policy.max_bytes < KEPT_COPIES * model_bytes:
        remedy = f"each task fetches its models anew: allow at least {KEPT_COPIES * model_bytes / 1e6:.0f} MB"
        return Aspect(what="cache", detail=f"{said}: {remedy}", is_well=False)
    return Aspect(what="cache", detail=said)


def room_in(cache: Path, model_bytes: int, *, free_bytes: int) -> Aspect:
    """Tell the same of a disk with so many free bytes."""
    needed = COPIES * model_bytes
    said = f"{cache} has {free_bytes / 1e6:.0f} MB free, and a night needs some {needed / 1e6:.0f} MB"
    if free_bytes >= needed:
        return Aspect(what="cache", detail=said)
    remedy = "free space there (what is in it can be fetched again), or let TECHNER_CACHE name a larger disk"
    return Aspect(what="cache", detail=f"{said}: {remedy}", is_well=False)


def left_behind(store: Store, now: datetime) -> Aspect:
    """Name undecided runs, an unfinished collection, and scratch keys, each with what ends it.

    A damaged document of a run and the collection are faults: runs may be under way, and scratch keys do no
    harm.
    """
    undecided, damage = _undecided(store, now)
    reserved = [run_of(entry.key) for entry in store.list(RUNS) if is_of_kind(entry.key, Reserved)]
    probes = stale_probes(store, now)
    said = [damage] if damage else []
    if undecided:
        names = ", ".join(undecided[:_MOST_NAMED]) + (", …" if len(undecided) > _MOST_NAMED else "")
        said.append(f"{len(undecided)} undecided ({names}): end what will never end by `techner run abandon`")
    if reserved:
        names = ", ".join(reserved[:_MOST_NAMED]) + (", …" if len(reserved) > _MOST_NAMED else "")
        remedy = "a version is kept until its alias has moved; `techner run abandon` ends what a kill left"
        said.append(f"reservations ({names}): {remedy}")
    if probes:
        remedy = "`techner model gc --delete` removes them"
        said.append(f"scratch keys of killed processes ({len(probes)}): {remedy}")
    collection = _collection(store)
    said += [collection] if collection else []
    return Aspect(
        what="runs", detail="; ".join(said) or "none undecided", is_well=not damage and not collection
    )


def _undecided(store: Store, now: datetime) -> tuple[list[str], str]:
    """Return the undecided runs, or what is damaged so that nobody can tell which these are."""
    try:
        return sorted(leftovers(store, now=now, since=now - timedelta(days=KEEP_DAYS)).undecided), ""
    except IntegrityError as error:
        return [], str(error)


def _collection(store: Store) -> str | None:
    try:
        record = condemned(store)
    except Untrusted as error:
        return f"{error.what} is {error.why}: find out who wrote it"
    if record is None:
        return None
    return (
        f"a collection by {record.who} began at {record.when}, and nothing of it can be promoted: if it was "
        "interrupted, `techner model gc --delete --resume` goes on with it"
    )
