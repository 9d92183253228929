"""Reads all that pages need of a store which nobody has read here before, and begins looks at it (ADR 35)."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from techner.core.records import Decision, Generation
from techner.inbox.deliveries import NotNow, read_inbox
from techner.settings import Settings
from techner.store import Store, Stored
from techner.web.ahead import WAIT_S, Ahead
from techner.web.deliveries import deliveries
from techner.web.inbox_look import learn_digest
from techner.web.known import Known
from techner.web.reading import Reading
from techner.web.rows import Night, VersionRow


def make_reading(
    open_store: Callable[[], Store], settings: Callable[[], Settings], *, wait_s: float = WAIT_S
) -> Callable[[], Reading]:
    """Return what begins a look at the store; what is known of each store is kept between them."""
    known: defaultdict[str, Known] = defaultdict(Known)
    aheads: defaultdict[str, Ahead[Reading]] = defaultdict(lambda: Ahead(read_everything, wait_s=wait_s))

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
    deliveries(here)  # the examinations that their states need
    here.known.save(here.store)


def _new_files(here: Reading) -> list[Stored]:
    """Return the files of the inbox that a page would read, and that nobody has read here."""
    found: list[Stored] = []

    def note(entry: Stored) -> str:
        if here.known.row(here.store, entry.key, entry.tag, str) is None:
            found.append(entry)
        return entry.key

    read_inbox(here.store, here.cache, max_bytes=here.policies.quality.max_delivery_bytes, digest_of=note)
    return found


def _read(here: Reading, entry: Stored) -> None:
    with suppress(NotNow):  # it is being copied: the pages say so
        learn_digest(here, entry)
