"""The end of a run, declared before anything is done: if a yes and a no come at once, one counts (ADR 23)."""

import uuid
from typing import assert_never

from techner.core.errors import RegistryError, Untrusted
from techner.core.records import BatchWord, Decision, RunEnd
from techner.registry.log import Log
from techner.runs.documents import RunDocuments
from techner.runs.ending_log import ending_log
from techner.runs.judgements import Word


def begin(run: RunDocuments, end: RunEnd, word: Word) -> None:
    """Declare how the judged run ends; if this end is declared already, do nothing.

    Raises RegistryError if another end was declared for this verdict.
    """
    log = ending_log(run)
    if log.length() == 0 and log.append(_record(end, word), after=0):
        return
    require(run, end)


def require(run: RunDocuments, end: RunEnd) -> None:
    """Raise RegistryError unless `end` was declared last for the run's verdict."""
    newest = ending_log(run).newest()
    if newest is None or newest.record.word is not end:
        raise _refusal(run, newest.record if newest else None)


def give_up(run: RunDocuments, word: Word) -> None:
    """Take back the declared end: a person asserts that its writer is no longer at work.

    A second call adds nothing.
    """
    log = ending_log(run)
    while _newest(log) is not RunEnd.ABANDON:
        log.append(_record(RunEnd.ABANDON, word), after=log.length())


def _newest(log: Log[Decision]) -> BatchWord | RunEnd | None:
    """Return the last word; None if there is none, or if it is not trusted."""
    try:
        newest = log.newest()
    except Untrusted:
        return None
    return newest.record.word if newest else None


def _record(end: RunEnd, word: Word) -> Decision:
    return Decision(id=uuid.uuid4().hex, word=end, who=word.who, why=word.why, when=word.when)


def _refusal(run: RunDocuments, said: Decision | None) -> RegistryError:
    if said is None:
        return RegistryError(f"the declared end of run {run.id!r} is gone from the store; decide again")
    match said.word:
        case RunEnd.ABANDON:
            return RegistryError(
                f"run {run.id!r} was abandoned by {said.who}; the next night judges its batches"
            )
        case RunEnd.PUBLISH:
            going_on = "approve"
        case RunEnd.REJECT | BatchWord():
            going_on = "reject"
        case word:
            assert_never(word)
    return RegistryError(
        f"{said.who} began to {said.word} run {run.id!r} at {said.when:%Y-%m-%d %H:%M}, so it cannot end "
        f"another way; if that was interrupted, `techner run {going_on} {run.id}` continues it, and "
        f"`techner run abandon {run.id}` gives it up"
    )
