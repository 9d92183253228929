"""What the pages have read of write-once documents, and the index of it in the store (ADR 35)."""

import json
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from techner.core.errors import IntegrityError, ObjectMissing, SettingsError, StoreError, Untrusted
from techner.documents import parse, plain
from techner.store import Store, Stored
from techner.web.ahead import READERS
from techner.web.rows import MAKERS

INDEX = "index/pages-1.tsv"
"""One line a document: key, change mark, row as JSON. Other rows get another number."""
_DIGEST = re.compile(rb'"[0-9a-f]{64}"')
R = TypeVar("R")
log = logging.getLogger("techner.web")


class _Row(NamedTuple):
    tag: str
    data: bytes
    """As JSON in one line; parsed when it is asked for."""


class Known:
    """Rows by the key and change mark of their documents: another mark, and the document is read again.

    What is not known is looked for in the index, once, and then read. The index only saves reading: which
    documents there are is always listed, and the newest move of an alias is always read.
    """

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._parsed: dict[str, tuple[_Row, Any]] = {}
        self._examined: defaultdict[str, set[str]] = defaultdict(set)
        self._tried: set[tuple[str, str]] = set()
        self._parsing = threading.Lock()
        self._has_index = self._is_new = False

    def unread(self, store: Store, entries: Iterable[Stored], kind: type[R]) -> list[Stored]:
        """Return the listed documents of which nothing is known, and that nobody has tried to read."""
        marks = {(entry.key, entry.tag): entry for entry in entries}
        new = (mark for mark in marks if mark not in self._tried)
        return [marks[mark] for mark in new if self.row(store, *mark, kind) is None]

    def try_row(self, store: Store, entry: Stored, kind: type[R]) -> None:
        """Read a document; one that is damaged or missing is left to the page that needs it.

        Raises StoreError.
        """
        try:
            data = store.get(entry.key)
            # Threads that parse share one processor with the pages, which would get their turn too seldom.
            with self._parsing:
                began = time.thread_time()
                self.keep(entry.key, entry.tag, MAKERS[kind](entry.key, data))
                time.sleep(time.thread_time() - began)
        except ObjectMissing:
            log.info("%s was removed while the store was read", entry.key)
        except IntegrityError as error:
            log.warning("not read ahead of the pages: %s", error)
        finally:
            self._tried.add((entry.key, entry.tag))  # not read ahead again, whatever came of it

    def rows(self, store: Store, entries: Iterable[Stored], kind: type[R]) -> dict[str, R | None]:
        """Return the row of each listed document; None for one that is not trusted, or was removed since.

        Raises IntegrityError for a document that cannot be read.
        """
        marks = {entry.key: entry.tag for entry in entries}
        found = {key: self.row(store, key, tag, kind) for key, tag in marks.items()}
        missing = [key for key, row in found.items() if row is None]
        if missing:
            readers = ThreadPoolExecutor(READERS)
            try:
                made = readers.map(lambda key: _made(store, key, kind), missing)
                found |= dict(zip(missing, made, strict=True))
            finally:
                readers.shutdown(cancel_futures=True)  # after one failed, the others are not waited for
        for key in missing:
            if (row := found[key]) is None:
                self._tried.add((key, marks[key]))
            else:
                self.keep(key, marks[key], row)
        return found

    def row(self, store: Store, key: str, tag: str, kind: type[R]) -> R | None:
        """Return a row that is known; None if it is not."""
        kept = self._rows.get(key)
        if not self._has_index and (kept is None or kept.tag != tag):
            self._read_index(store)
            kept = self._rows.get(key)
        if kept is None or kept.tag != tag:
            return None
        before = self._parsed.get(key)
        if before and before[0] is kept:
            return before[1]  # type: ignore[no-any-return] # a key has documents of one kind
        try:
            made = _parsed(kind, kept.data)
        except IntegrityError:
            return None
        self._parsed[key] = (kept, made)
        return made

    def keep(self, key: str, tag: str, row: Any) -> None:
        """Remember a row."""
        value = row if isinstance(row, str) else plain(row)
        kept = _Row(tag, json.dumps(value, separators=(",", ":")).encode())
        self._parsed[key] = (kept, row)
        self._put(key, kept)
        self._is_new = True

    def examinations(self, digest: str) -> Collection[str]:
        """Return the keys of the reports about a batch that are known."""
        return self._examined.get(digest, ())

    def forget(self, prefix: str, listed: Collection[str]) -> None:
        """Drop what is not below `prefix` any more."""
        for key in [*self._rows]:  # other threads add to it meanwhile
            if key.startswith(prefix) and key not in listed:
                self._rows.pop(key, None)
                self._parsed.pop(key, None)

    def save(self, store: Store) -> None:
        """Write the index if there is anything new; a store that takes none costs the next process time."""
        if not self._is_new:
            return
        self._is_new = False
        lines = [b"\t".join((key.encode(), row.tag.encode(), row.data)) for key, row in [*self._rows.items()]]
        try:
            store.put(INDEX, b"\n".join(lines))
        except (StoreError, SettingsError) as error:
            log.info("the index of the pages is not written: %s", error)

    def _put(self, key: str, row: _Row) -> None:
        self._rows[key] = row
        if key.startswith("batches/"):
            self._examined[key.split("/")[1]].add(key)

    def _read_index(self, store: Store) -> None:
        try:
            data = store.get(INDEX)
        except (ObjectMissing, Untrusted):
            data = b""
        self._has_index = True  # not after another error: the next look tries again
        for line in data.split(b"\n"):
            key, _, rest = line.partition(b"\t")
            tag, tab, row = rest.partition(b"\t")
            if tab and (name := key.decode(errors="replace")) not in self._rows:
                self._put(name, _Row(tag.decode(errors="replace"), row))


def _parsed(kind: type[R], data: bytes) -> R:
    """Read the row of a line; raises IntegrityError."""
    # The digests of all deliveries, thousands a page: these few letters need no schema.
    if kind is str and _DIGEST.fullmatch(data):
        return data[1:-1].decode()  # type: ignore[return-value] # R is str
    return parse(kind, data, where=INDEX)


def _made(store: Store, key: str, kind: type[R]) -> R | None:
    try:
        return MAKERS[kind](key, store.get(key))  # type: ignore[no-any-return] # the row of its kind
    except (ObjectMissing, Untrusted):
        return None
