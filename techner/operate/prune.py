"""`prune`: remove from a backup what nothing in it needs any more, never while one is written (ADR 50).

Each side writes before it looks: a backup its mark, a prune what it condemns. So at least one sees the other.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from techner.core.document import document
from techner.core.errors import ObjectMissing, RegistryError, StoreError, StoreRefused
from techner.documents import dump, parse
from techner.operate.collect import KEEP_DAYS, Collection, condemn, plan_collection, remove
from techner.runs.judgements import Word
from techner.runs.reservation import CONDEMNED, condemned
from techner.store import Store

TAKEN = "backup/taken.json"
WRITING = "backup/writing/"


@document
class Writing:
    """The mark of a backup that is being written."""

    begun: datetime
    ended: datetime | None = None
    """Only where the backup may not delete its mark."""


@contextmanager
def writing(backup: Store, clock: Callable[[], datetime]) -> Iterator[None]:
    """Keep others from pruning a backup during the block; raises RegistryError if one is doing it."""
    key, mark = f"{WRITING}{uuid.uuid4().hex}.json", Writing(begun=clock())
    backup.create(key, dump(mark))
    try:
        if other := condemned(backup):
            raise RegistryError(
                f"{other.who} has been pruning {backup.url} since {other.when}: back up when that has ended; "
                "if it was interrupted, `techner prune --delete --resume` goes on with it"
            )
        yield
    finally:
        with suppress(StoreError):  # then it looks as if this was interrupted, and a person has to say so
            try:
                backup.delete(key)
            except StoreRefused:
                backup.put(key, dump(Writing(begun=mark.begun, ended=clock())))


def plan_prune(backup: Store, *, now: datetime, keep_days: int = KEEP_DAYS) -> Collection:
    """Return what nothing in a backup needs; raises RegistryError for a store that is none.

    Raises what `plan_collection` raises.
    """
    if not any(backup.list(TAKEN, limit=1)):
        raise RegistryError(f"{backup.url} is no backup; `techner model gc` frees space in a store")
    return plan_collection(backup, now=now, keep_days=keep_days, is_backup=True)


def prune(backup: Store, word: Word, *, keep_days: int = KEEP_DAYS, resume: bool = False) -> Collection:
    """Remove what `plan_prune` returns; no record of a log goes, and none is written.

    Raises RegistryError if a backup is being written or another prune is under way; with `resume`, those that
    were interrupted do not count.
    """
    plan = plan_prune(backup, now=word.when, keep_days=keep_days)
    if resume:
        backup.delete(CONDEMNED)
    condemn(backup, plan, word)
    marks = dict(_marks(backup))
    if begun := [mark.begun for mark in marks.values() if not mark.ended and not resume]:
        backup.delete(CONDEMNED)
        raise RegistryError(
            f"{backup.url} has been written to since {min(begun):%Y-%m-%d %H:%M}: prune when that backup has "
            "ended; add --resume only if it was interrupted"
        )
    doomed = plan.and_still(plan_prune(backup, now=word.when, keep_days=keep_days))
    remove(backup, doomed)
    for key in marks:
        backup.delete(key)
    backup.delete(CONDEMNED)
    return doomed


def _marks(backup: Store) -> Iterator[tuple[str, Writing]]:
    for entry in backup.list(WRITING):
        with suppress(ObjectMissing):  # it has just ended
            yield entry.key, parse(Writing, backup.get(entry.key), where=entry.key)
