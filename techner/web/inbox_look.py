"""What is in the inbox, as a page sees it: it reads few files, and leaves the others for later (ADR 35)."""

import time
from collections.abc import Callable

from techner.inbox.deliveries import INBOX, Inbox, Later, read_digest, read_inbox
from techner.store import Stored
from techner.web.reading import Reading
from techner.web.row_reader import FEW

READ_S = 3.0
"""How long a page reads the few files that nobody has read here before: one may be large."""


def look_into_inbox(here: Reading, clock: Callable[[], float] = time.monotonic) -> Inbox:
    """List the inbox; where many files are new, they are read ahead, and left for later."""
    seen: set[str] = set()
    found = read_inbox(
        here.store,
        here.cache,
        max_bytes=here.policies.quality.max_delivery_bytes,
        digest_of=_patient(here, clock, seen),
    )
    if not found.later:  # else not all of them were asked about
        here.known.forget(INBOX, seen)
    return found


def _patient(here: Reading, clock: Callable[[], float], seen: set[str]) -> Callable[[Stored], str]:
    """Return what gives the digest of a listed object, and leaves for later what would take long."""
    until, left = clock() + READ_S, FEW

    def digest_of(entry: Stored) -> str:
        nonlocal left
        seen.add(entry.key)
        known = here.known.row(here.store, entry.key, entry.tag, str)
        if known is not None:
            return known
        if (ahead := here.ahead) and (not left or ahead.is_under_way or clock() > until):
            left = 0
            here.read_ahead()
            known = here.known.row(here.store, entry.key, entry.tag, str)
            if known is None:
                raise Later
            return known
        left -= 1
        return learn_digest(here, entry)

    return digest_of


def learn_digest(here: Reading, entry: Stored) -> str:
    """Read a delivery, and keep its digest; raises what `read_digest` raises."""
    found = read_digest(here.store, entry, here.cache)
    here.known.keep(entry.key, entry.tag, found)
    return found
