"""What `doctor` compares with the outside: libraries, clocks, disks, and how long a batch has waited."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from techner.core.errors import StoreError
from techner.inbox.deliveries import INBOX
from techner.inbox.survey import BatchState
from techner.operate.aspects import Aspect
from techner.registry.provenance import libraries
from techner.store import Store

APART = timedelta(minutes=1)
"""More than clocks that are set by NTP differ, and less than the 15 minutes at which S3 refuses."""
LONG = timedelta(days=2)
NIGHTS_OF_ROOM = 10
_REMEDIES = {
    "spacy": "a model may not load under another minor version: install spacy=={0}, or let a night make the "
    "next version with what is here, and services follow",
    "thinc": "a model may be read otherwise: install thinc=={0}, the one that its spaCy was installed with",
    "numpy": "figures may differ in the last digit, and the same inputs give other bytes: install numpy=={0} "
    "where that matters",
    "python": "the same inputs may give other bytes: use Python {0} where that matters",
}


def same_libraries(made_with: Mapping[str, str], here: Mapping[str, str] | None = None) -> Aspect:
    """Compare the libraries here with those of production; another minor version of spaCy is a fault."""
    here = libraries() if here is None else here
    other = {name: made for name, made in sorted(made_with.items()) if here.get(name) != made}
    said = [
        f"{name} is {here.get(name, 'missing')}, and production was made with {made}: "
        f"{_REMEDIES.get(name, 'install that').format(made)}"
        for name, made in other.items()
    ]
    is_well = all(_minor(made_with.get(name)) == _minor(here.get(name)) for name in ("spacy", "thinc"))
    return Aspect(what="libraries", detail="; ".join(said) or "those that made production", is_well=is_well)


def clocks(store: Store, now: datetime) -> Aspect:
    """Compare the clock here with the store's, if that has one of its own."""
    try:
        theirs = store.time()
    except StoreError as error:
        return Aspect(what="clock", detail=str(error), is_well=False)
    if theirs is None:
        return Aspect(what="clock", detail="the store has none of its own")
    apart = (now - theirs).total_seconds()
    # The store tells whole seconds.
    said = f"{abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} the store's"
    if abs(apart) <= APART.total_seconds():
        return Aspect(what="clock", detail=said)
    remedy = "set both by NTP: at 15 minutes S3 refuses every request, and times in the logs are wrong"
    return Aspect(what="clock", detail=f"{said}: {remedy}", is_well=False)


def store_room(store: Store, model_bytes: int) -> Iterator[Aspect]:
    """Tell whether the disk of a folder store has room for some nights more; nothing of another store."""
    parts = urlsplit(store.url)
    root = Path(unquote(parts.path))
    if parts.scheme == "file" and root.is_dir():
        yield store_room_in(root, model_bytes, free_bytes=shutil.disk_usage(root).free)


def store_room_in(root: Path, model_bytes: int, *, free_bytes: int) -> Aspect:
    """Tell the same of a disk with so many free bytes."""
    needed = NIGHTS_OF_ROOM * model_bytes
    said = f"{free_bytes / 1e6:.0f} MB free; {NIGHTS_OF_ROOM} nights may need {needed / 1e6:.0f} MB"
    if free_bytes >= needed:
        return Aspect(what="disk of the store", detail=said)
    remedy = f"`techner model gc --delete` removes what nothing needs; or enlarge the disk of {root}"
    return Aspect(what="disk of the store", detail=f"{said}: {remedy}", is_well=False)


def longest_wait(store: Store, states: Iterable[BatchState], now: datetime) -> str:
    """Say which due batch has waited longest, as the second half of a sentence; empty if none is due."""
    due = {INBOX + state.ref.name for state in states if state.is_due}
    written = {entry.key: entry.when for entry in store.list(INBOX) if entry.when} if due else {}
    first = min((when, key) for key, when in written.items() if key in due) if due & written.keys() else None
    if first is None:
        return ""
    waited = now - first[0]
    said = f"; {first[1].removeprefix(INBOX)} has waited longest, {_duration(waited)}"
    hint = ": has a night run since (`techner run list`), and is its DAG unpaused?"
    return said + (hint if waited > LONG else "")


def _duration(time: timedelta) -> str:
    hours = max(time.total_seconds(), 0) / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"  # noqa: PLR2004 - two days


def _minor(version: str | None) -> tuple[str, ...]:
    return tuple((version or "").split(".")[:2])
