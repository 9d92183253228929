"""Reads all that pages need of a store which nobody has read here before, and begins looks at it (ADR 35)."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from techner.core.records import Decision, Generation
from techner.inbox.deliveries import NotNow, read_inbox
from techner.settings import Settings
from techner.store import Store, Stored
from techner.web.ahead import Ahead
from techner.web.deliveries import deliveries, open_reports
from techner.web.inbox_look import learn_digest
from techner.web.known import Known
from techner.web.precedence import PAGES
from techner.web.reading import Reading
from techner.web.rows import Examination, Night, VersionRow


def make_reading(open_store: Callable[[], Store], settings: Callable[[], Settings]) -> Callable[[], Reading]:
    """Return what begins a look at the store; what is known of each store is kept between them."""
    known: defaultdict[str, Known] = defaultdict(Known)
    aheads: defaultdict[str, Ahead[Reading]] = defaultdict(lambda: Ahead(read_everything))

    def reading() -> Reading:
        now, store = settings(), open_store()
        return Reading(
            store=store,
            known=known[store.identity],
            ahead=aheads[store.identity],
            policies=now.policies,
            cache=now.cache,
            answer_hours=now.nights.answer_hours,
        )

    return reading


def read_everything(here: Reading, ahead: Ahead[Reading]) -> None:
    """Read what is not known, in the order in which it makes pages whole, and write the index.

    `here` waits for what it reads. Raises StoreError, CacheError, and IntegrityError for a damaged report.
    """
    last_words = [log[0] for log in here.decided.values()]
    kinds = ((here.moved[1:], Generation), (here.judged, Night), (here.manifests, VersionRow))
    documents = [
        (entry, kind)
        for entries, kind in (*kinds, (last_words, Decision))
        for entry in here.known.unread(here.store, entries, kind)
    ]
    new = _new_files(here)
    ahead.expect(len(documents) + len(new))
    ahead.each(documents, lambda document: here.known.try_row(here.store, *document))
    here.known.save(here.store)
    ahead.each(new, partial(_read, here))
    PAGES.give_way()
    reports = here.known.unread(here.store, open_reports(here), Examination)
    ahead.expect(len(reports))
    ahead.each(reports, lambda report: here.known.try_row(here.store, report, Examination))
    PAGES.give_way()
    deliveries(here)  # keeps that the others have no report
    here.known.save(here.store)


def _new_files(here: Reading) -> list[Stored]:
    """Return the files of the inbox that a page would read, and that nobody has read here."""
    found: list[Stored] = []

    def note(entry: Stored) -> str:
        PAGES.give_way()
        if here.known.row(here.store, entry.key, entry.tag, str) is None:
            found.append(entry)
        return entry.key

    read_inbox(here.store, here.cache, max_bytes=here.policies.quality.max_delivery_bytes, digest_of=note)
    return found


def _read(here: Reading, entry: Stored) -> None:
    with suppress(NotNow):  # it is being copied: the pages say so
        learn_digest(here, entry)
