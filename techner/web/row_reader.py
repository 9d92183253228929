"""Rows of documents for one page: known ones, and few that are read for it; many are read ahead."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from techner.core.errors import StillReading
from techner.store import Store, Stored
from techner.web.ahead import Ahead
from techner.web.known import Known

AT_ONCE = 64
"""Documents that a page reads itself, several at once."""
AT_ONCE_BYTES = 1_000_000
"""How large these may be together: parsing them takes some thirty milliseconds."""
FEW = 4
"""What it reads one by one."""
R = TypeVar("R")


@dataclass(kw_only=True)
class RowReader:
    """Reads for one page; without `ahead` it waits for everything, as what reads ahead does itself."""

    store: Store
    known: Known
    ahead: Ahead[Any] | None = None
    """Reads all that pages need, given one of these which waits."""
    turns: int = field(default=FEW, init=False)
    """Documents that may still be read one by one."""
    has_waited: bool = field(default=False, init=False)

    def rows(self, entries: Iterable[Stored], kind: type[R]) -> dict[str, R | None]:
        """Return the row of each listed document, as `Known.rows` does.

        Raises StillReading, and has them read, if so many are not known that a page does not wait for them.
        """
        entries = tuple(entries)
        if self.ahead and self._lacks(entries, kind):
            self.read_ahead()
            if self._lacks(entries, kind):
                raise self.unfinished()
        return self.known.rows(self.store, entries, kind)

    def one(self, entry: Stored, kind: type[R]) -> R | None:
        """Return the row of one listed document, of several that are asked for one by one.

        Raises StillReading after a few that were not known.
        """
        if self.ahead and self.known.unread(self.store, (entry,), kind):
            if not self.turns:
                self.read_ahead()
                if self.known.unread(self.store, (entry,), kind):
                    raise self.unfinished()
            self.turns = max(0, self.turns - 1)
        return self.rows((entry,), kind)[entry.key]

    def rows_once(self, keys: Iterable[str], kind: type[R]) -> dict[str, R | None]:
        """Return the rows of documents that never change, so that they need not be listed."""
        return self.rows([Stored(key, 0, "") for key in keys], kind)

    def read_ahead(self) -> None:
        """Have all that is not known read, and wait a moment for it, once a page."""
        if self.ahead and not self.has_waited:
            self.has_waited = True
            self.ahead.read(replace(self, ahead=None))

    @property
    def is_read_ahead(self) -> bool:
        """Whether others are reading what is not known."""
        return self.ahead is not None and self.ahead.is_under_way

    def unfinished(self) -> StillReading:
        """Return what a page raises that cannot be whole yet."""
        return self.ahead.unfinished() if self.ahead else StillReading(0, 0, "")

    def _lacks(self, entries: Iterable[Stored], kind: type[R]) -> bool:
        unread = self.known.unread(self.store, entries, kind)
        return len(unread) > AT_ONCE or sum(entry.size_bytes for entry in unread) > AT_ONCE_BYTES
