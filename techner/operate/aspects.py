"""What `doctor` looks at beside production and the sets: room in the cache, and what dead processes left."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from techner.core.errors import IntegrityError, Untrusted
from techner.operate.collect import KEEP_DAYS
from techner.operate.leftovers import leftovers, stale_probes
from techner.runs.reservation import condemned
from techner.store import Store

COPIES = 4
"""Models that a night may hold on the local disk: origin, production, candidate, and one in the making."""
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """One thing that was looked at."""

    what: str
    detail: str
    is_well: bool = True


def room(cache: Path, model_bytes: int) -> Aspect:
    """Tell whether a night on a model of this size finds room in the cache."""
    found = next(folder for folder in (cache.absolute(), *cache.absolute().parents) if folder.exists())
    return room_in(cache, model_bytes, free_bytes=shutil.disk_usage(found).free)


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
    probes = stale_probes(store, now)
    said = [damage] if damage else []
    if undecided:
        names = ", ".join(undecided[:_MOST_NAMED]) + (", …" if len(undecided) > _MOST_NAMED else "")
        said.append(f"{len(undecided)} undecided ({names}): end what will never end by `techner run abandon`")
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
