"""Exclude, and release: a person's word on a batch."""

from collections.abc import Callable
from dataclasses import dataclass

from techner.core.delivery import Action
from techner.core.errors import UnknownBatch
from techner.core.records import BatchWord
from techner.inbox.decisions import decide, decisions
from techner.inbox.survey import Status
from techner.runs.judgements import Word
from techner.store import Store
from techner.web.action_kinds import PageAction
from techner.web.deliveries import BatchRow, rows_of
from techner.web.inbox_look import look_into_inbox
from techner.web.reading import Reading

KEPT_OUT = (Status.HELD, Status.EXCLUDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a word on a batch would do."""

    word: BatchWord
    batch: BatchRow
    said: int
    """How many words there are on it."""

    @property
    def state(self) -> str:
        return f"{self.batch.status}, {self.said}"

    @property
    def changed(self) -> str:
        decision = self.batch.decision
        last = f" ({decision.who}: {decision.why})" if decision else ""
        return f"The batch is {self.batch.status} now{last}."

    @property
    def refusal(self) -> str:
        status = self.batch.status
        if status is Status.IN_PRODUCTION:
            return "The batch is in production: only a rollback takes it out."
        if self.word is BatchWord.EXCLUDE and status is Status.EXCLUDED:
            return "The batch is excluded."
        if self.word is BatchWord.RELEASE and status not in KEPT_OUT:
            return f"The batch is {status}: nothing keeps it out."
        return ""

    @property
    def is_refused_by_policy(self) -> bool:
        """Whether it stays out even without a word of a person."""
        found = self.batch.examination
        return found is not None and found.action is Action.REJECT


def batch_actions(reading: Callable[[], Reading]) -> dict[str, PageAction]:
    """Return the words that a person has on a batch, whose state is derived as on its page."""

    def look(word: BatchWord) -> Callable[[Store, str], Saying]:
        def prospect(store: Store, digest: str) -> Saying:
            here = reading()
            inbox = look_into_inbox(here)
            ref = next((ref for ref in inbox.batches if ref.digest == digest), None)
            if ref is None and inbox.later:
                raise here.unfinished()
            if ref is None:
                raise UnknownBatch(digest)
            (batch,) = rows_of(here, [ref])
            return Saying(word=word, batch=batch, said=decisions(store, ref).length())

        return prospect

    def say(store: Store, saying: Saying, word: Word) -> None:
        ref = saying.batch.ref
        decide(store, ref, saying.word, who=word.who, why=word.why, when=word.when, seen=saying.said)

    return {
        str(word): PageAction(template="act_batch.html", look=look(word), do=say)
        for word in (BatchWord.EXCLUDE, BatchWord.RELEASE)
    }
