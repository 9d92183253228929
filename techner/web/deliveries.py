"""The deliveries as pages show them: the states of all, and more about those that are looked at."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from techner.core.delivery import BatchRef
from techner.core.records import Decision
from techner.inbox.admissions import admission_folder
from techner.inbox.decisions import untrusted_hold
from techner.inbox.deliveries import Ignored
from techner.inbox.survey import Status, status_of
from techner.store import Stored
from techner.web.inbox_look import look_into_inbox
from techner.web.reading import Reading
from techner.web.row_reader import FEW
from techner.web.rows import Examination

IGNORED = "ignored"
ABSENT = "absent:"
"""Before the key of a report that is not there, in the index."""
UNTRUSTED = "the last decision on it is not valid: release or exclude it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    ref: BatchRef
    status: Status
    decision: Decision | None = None
    """The last word on it, as far as production has not learnt it."""
    examination: Examination | None = None
    """Of a batch in production, looked for only where it is shown."""
    learnt_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Everything in the inbox, by name."""

    rows: tuple[BatchRow, ...]
    ignored: tuple[Ignored, ...]
    later: int
    """Files that are not read here yet, and are none of the others."""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each state, those that wait for a person first."""
        found = Counter(str(row.status) for row in self.rows)
        found[IGNORED] = len(self.ignored)
        order = ("held", "rejected", IGNORED, "pending", "accepted", "excluded", "in production")
        return {state: found[state] for state in order if found[state]}


def deliveries(here: Reading) -> Deliveries:
    """Derive the state of every delivery, as `techner.inbox.survey` does."""
    inbox = look_into_inbox(here)
    is_partial = inbox.later or here.is_read_ahead
    refs = _told_already(here, inbox.batches) if is_partial else inbox.batches
    rows = tuple(rows_of(here, refs))
    still_open = (row.ref for row in rows if row.status is not Status.IN_PRODUCTION)
    here.known.forget(ABSENT, {ABSENT + report_key(here, ref) for ref in still_open})
    return Deliveries(
        rows=rows, ignored=inbox.ignored, later=len(inbox.later) + len(inbox.batches) - len(refs)
    )


def rows_of(here: Reading, refs: Sequence[BatchRef]) -> list[BatchRow]:
    """Derive the state of some deliveries."""
    learnt = {batch.digest: batch for batch in here.learnt}
    found = _open_rows(here, [ref for ref in refs if ref.digest not in learnt])
    return [
        found.get(ref.digest)
        or BatchRow(ref=_learnt_as(ref, learnt[ref.digest]), status=Status.IN_PRODUCTION)
        for ref in refs
    ]


def _learnt_as(ref: BatchRef, learnt: BatchRef) -> BatchRef:
    """Return a batch as it is called now, with the metadata under which it was learnt."""
    return ref if ref.metadata == learnt.metadata else replace(ref, metadata=learnt.metadata)


def _open_rows(here: Reading, refs: Sequence[BatchRef]) -> dict[str, BatchRow]:
    """Return the rows of batches that production has not learnt."""
    keys = {ref.digest: report_key(here, ref) for ref in refs}
    examined = _examined_now(here, keys.values())
    words = last_words(here, refs)
    found = {}
    for ref in refs:
        examination, word = examined.get(keys[ref.digest]), words.get(ref.digest)
        status = status_of(examination.action if examination else None, word.word if word else None)
        found[ref.digest] = BatchRow(ref=ref, status=status, decision=word, examination=examination)
    return found


def _examined_now(here: Reading, keys: Collection[str]) -> dict[str, Examination | None]:
    """Return the examinations under today's settings.

    That a batch has none is known too, until a run may have examined it. While one may be at it, which a run
    that was killed is for ever, and where much is not known, the reports are listed: one call.
    """
    there, absent = _reports_now(here, keys)
    found = here.rows(there, Examination)
    if mark := here.examining:
        for key in {*keys} - absent - {key for key, row in found.items() if row}:
            here.known.keep(ABSENT + key, mark, "")
    return found


def _reports_now(here: Reading, keys: Collection[str]) -> tuple[list[Stored], set[str]]:
    """Return which of these reports there may be, and which are known to be absent."""
    mark = here.examining
    absent = set()
    if mark:
        absent = {key for key in keys if here.known.row(here.store, ABSENT + key, mark, str) is not None}
    there = [Stored(key, 0, "") for key in keys if key not in absent]
    if not mark or len(here.known.unread(here.store, there, Examination)) > FEW:
        listed = {entry.key for entry in here.store.list("batches/")}
        there = [entry for entry in there if entry.key in listed]
    return there, absent


def open_reports(here: Reading) -> list[Stored]:
    """Return the reports that tell the states of the deliveries which production has not learnt."""
    keys = [report_key(here, ref) for ref in _open(here, look_into_inbox(here).batches)]
    return _reports_now(here, keys)[0]


def _told_already(here: Reading, refs: Sequence[BatchRef]) -> Sequence[BatchRef]:
    """Leave out those whose reports would have to be looked for, as is done ahead of the pages."""
    reports = {report_key(here, ref): ref for ref in _open(here, refs)}
    entries = [Stored(key, 0, "") for key in reports]
    unread = here.known.unread(here.store, entries, Examination)
    left = {reports[entry.key].digest for entry in unread} if len(unread) > FEW else ()
    return [ref for ref in refs if ref.digest not in left]


def _open(here: Reading, refs: Iterable[BatchRef]) -> list[BatchRef]:
    """Return those of these batches that production has not learnt."""
    learnt = {batch.digest for batch in here.learnt}
    return [ref for ref in refs if ref.digest not in learnt]


def last_words(here: Reading, refs: Iterable[BatchRef]) -> dict[str, Decision]:
    """Return the newest decision on each of these batches; one that is not trusted holds its batch."""
    newest = {ref.digest: here.decided[ref.digest][0] for ref in refs if ref.digest in here.decided}
    found = here.decisions(newest.values())
    return {digest: found[entry.key] or untrusted_hold(UNTRUSTED) for digest, entry in newest.items()}


def report_key(here: Reading, ref: BatchRef) -> str:
    """Return where the report of a batch is, if it was examined under the present settings."""
    return f"{admission_folder(ref, here.admission(ref))}/report.json"


def with_examinations(here: Reading, rows: Iterable[BatchRow]) -> tuple[BatchRow, ...]:
    """Return rows with all that a page says of them."""
    rows = tuple(rows)
    learnt = here.learnt_by(row.ref.digest for row in rows if row.status is Status.IN_PRODUCTION)
    unseen = [row for row in rows if row.examination is None and row.status is not Status.PENDING]
    found = _examined(here, {best_key(here, row.ref): row.ref.digest for row in unseen})
    left = [row.ref.digest for row in unseen if row.ref.digest not in found]
    found |= _examined(here, {key: digest for digest in left for key in _reports(here, digest)[:1]})
    return tuple(
        replace(
            row,
            examination=row.examination or found.get(row.ref.digest),
            learnt_by=learnt.get(row.ref.digest),
        )
        for row in rows
    )


def _examined(here: Reading, keys: dict[str, str]) -> dict[str, Examination]:
    """Return the examinations at these keys by their batches' digests."""
    found = here.rows_once(keys, Examination)
    return {keys[key]: examination for key, examination in found.items() if examination}


def _reports(here: Reading, digest: str) -> list[str]:
    """List the reports of a batch that today's settings never examined."""
    listed = (entry.key for entry in here.store.list(f"batches/{digest}/"))
    return [key for key in listed if key.endswith("/report.json")]


def best_key(here: Reading, ref: BatchRef) -> str:
    """Return the report under today's settings, else another one: counts stay when settings change."""
    key, known = report_key(here, ref), sorted(here.known.examinations(ref.digest))
    return known[0] if known and key not in known else key
