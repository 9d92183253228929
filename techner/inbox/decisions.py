"""Decisions on a batch: exclude, release, hold; the newest one counts."""

import uuid
from datetime import UTC, datetime

from techner.core.delivery import BatchRef
from techner.core.errors import RegistryError, Untrusted
from techner.core.records import BatchWord, Decision
from techner.registry.log import Log
from techner.store import Store


def decisions(store: Store, batch: BatchRef) -> Log[Decision]:
    return Log(store, f"decisions/{batch.digest}", Decision)


def last_word(store: Store, batch: BatchRef) -> Decision | None:
    """Return the newest decision on a batch; an untrusted one holds it until a person decides again."""
    try:
        newest = decisions(store, batch).newest()
    except Untrusted as error:
        why = (
            f"the last decision on it is not valid: {error.what} is {error.why}. Release or exclude it again"
        )
        return untrusted_hold(why)
    return newest.record if newest else None


def untrusted_hold(why: str) -> Decision:
    """Return the word that stands where the last one is not trusted; it has no id, and its time is none."""
    return Decision(id="", word=BatchWord.HOLD, who="techner", why=why, when=datetime.min.replace(tzinfo=UTC))


def decide(
    store: Store,
    batch: BatchRef,
    word: BatchWord,
    *,
    who: str,
    why: str,
    when: datetime,
    seen: int | None = None,
) -> bool:
    """Append a decision on a batch; False if the newest one has the same word and reason.

    Raises RegistryError if another decision was appended meanwhile, or after the first `seen` ones, where
    that is given.
    """
    log = decisions(store, batch)
    before = log.length() if seen is None else seen
    last = last_word(store, batch)
    if last and (last.word, last.why) == (word, why):
        return False
    record = Decision(id=uuid.uuid4().hex, word=word, who=who, why=why, when=when)
    if not log.append(record, after=before):
        raise RegistryError(f"another decision on {batch.name!r} was just made; look at it and decide again")
    return True
