"""When the inbox has something new and has come to rest: what begins a night by arrival (ADR 38)."""

from techner.core.examples import digest
from techner.inbox.deliveries import INBOX
from techner.store import Store

Listing = frozenset[tuple[str, str]]
"""Names in the inbox, each with the store's mark of its bytes."""


def listing(store: Store) -> Listing:
    """Return what is in the inbox; nothing is read."""
    return frozenset((entry.key.removeprefix(INBOX), entry.tag) for entry in store.list(INBOX))


class Arrivals:
    """Compares listings, one after the other, with what was there when the last night began.

    `remembered` is the `mark` of an earlier watcher: what it had seen is not new.
    """

    def __init__(self, remembered: str | None = None) -> None:
        self._remembered = remembered
        self._seen: Listing = frozenset()
        self._before: Listing | None = None

    @property
    def mark(self) -> str:
        """Return what a later watcher needs to know of what was seen, here or before the first look."""
        return self._remembered or _mark(self._seen)

    def look(self, found: Listing) -> tuple[str, ...]:
        """Return the names that are new or changed, once, when two listings in a row are the same."""
        is_at_rest, self._before = found == self._before, found
        if self._remembered == _mark(found):
            self._seen, self._remembered = found, None
        if not is_at_rest:
            return ()
        new = found - self._seen
        self._seen, self._remembered = found, None
        return tuple(sorted(name for name, _ in new))


def _mark(found: Listing) -> str:
    return digest("\n".join(f"{name} {tag}" for name, tag in sorted(found)).encode())
