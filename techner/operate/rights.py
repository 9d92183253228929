"""What the login of `doctor` may do in the store, found out without changing anything there."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from techner.core.errors import ObjectExists, ObjectMissing, StoreRefused
from techner.inbox.deliveries import INBOX
from techner.operate.aspects import Aspect
from techner.operate.snapshot import ALIASES, BATCHES, BLOBS, DECISIONS, JUDGEMENTS, REFERENCE, VERSIONS
from techner.runs.documents import RUNS
from techner.store import Store, Stored
from techner.store.base import is_key

PLACES = (INBOX, BATCHES, REFERENCE, RUNS, BLOBS, VERSIONS, ALIASES, DECISIONS, JUDGEMENTS)
NIGHTS_WRITE = frozenset({BATCHES, REFERENCE, BLOBS, VERSIONS, ALIASES, DECISIONS, JUDGEMENTS})
"""As `deploy/policies/pipeline.json` has them, of those that can be found out."""
_NO_KEY = "doctor/no-such-object"
_MOST_BYTES = 1 << 20


def rights(store: Store, *, is_create_only: bool) -> Aspect:
    """Tell what this login may do, and whose rights these are; `store` is the one that trusts nothing.

    To write is tried on an object that exists and stays, with its own bytes, which a store that
    `is_create_only` answers with a refusal of one kind or the other; to delete, on one that does not exist.
    """
    reads = frozenset(place for place in PLACES if _may(lambda at: _read(store, at), place))
    deletes = frozenset(
        place for place in (RUNS, VERSIONS) if _may(lambda at: store.delete(f"{at}{_NO_KEY}"), place)
    )
    if not is_create_only:
        said = f"this login may read {_named(reads)}; remove from {_named(deletes)}; to write was not tried"
        return Aspect(what="rights", detail=f"{said}, as it might overwrite: nights need pipeline.json")
    answers = {place: _may_write(store, place) for place in PLACES if place != RUNS}
    writes = frozenset(place for place, may in answers.items() if may)
    refused = [place for place, may in answers.items() if may is False and place in NIGHTS_WRITE]
    said = f"this login may read {_named(reads)}; write {_named(writes)}; remove from {_named(deletes)}"
    lacks = [f"read {place}" for place in PLACES if place not in reads]
    lacks += [f"write {place}" for place in refused]
    lacks += [f"remove from {RUNS}"] if RUNS not in deletes else []
    return _judged(said, lacks, writes, deletes)


def _judged(said: str, lacks: list[str], writes: frozenset[str], deletes: frozenset[str]) -> Aspect:
    if ALIASES in writes:
        if lacks:
            remedy = f"nights fail without the rights of pipeline.json: let it {', '.join(lacks)}"
            return Aspect(what="rights", detail=f"{said}: {remedy}", is_well=False)
        more = [f"deliver ({INBOX})"] if INBOX in writes else []
        more += [f"collect ({VERSIONS})"] if VERSIONS in deletes else []
        also = f", and to {' and '.join(more)}, which pipeline.json leaves to others" if more else ""
        return Aspect(what="rights", detail=f"{said}: enough for nights{also}")
    if VERSIONS in deletes:
        return Aspect(what="rights", detail=f"{said}: for collections, as collector.json")
    return Aspect(what="rights", detail=f"{said}: to read, as service.json; nights need pipeline.json")


def _read(store: Store, place: str) -> None:
    for entry in _keys(store, place):
        with suppress(ObjectMissing):
            next(iter(store.chunks(entry.key)), None)
            return


def _keys(store: Store, place: str) -> Iterator[Stored]:
    """Yield the objects of a place that can be read: others may put anything into the inbox."""
    return (entry for entry in store.list(place) if not entry.fault and is_key(entry.key))


def _may_write(store: Store, place: str) -> bool | None:
    """Return None where there is nothing small to try it on."""
    try:
        smallest = min(_keys(store, place), key=lambda entry: entry.size_bytes, default=None)
        if smallest is None or smallest.size_bytes > _MOST_BYTES:
            return None
        data = store.get(smallest.key)
        store.create(smallest.key, data)
    except ObjectExists:
        return True
    except StoreRefused:
        return False
    except ObjectMissing:
        return None
    return True


def _may(do: Callable[[str], object], place: str) -> bool:
    try:
        do(place)
    except StoreRefused:
        return False
    return True


def _named(places: Iterable[str]) -> str:
    found = [place for place in PLACES if place in set(places)]
    return "everything" if len(found) == len(PLACES) else ", ".join(found) or "nothing"
