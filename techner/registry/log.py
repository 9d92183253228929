"""Append-only logs in object storage: the newest record counts, all others are the audit trail."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from techner.core.errors import (
    IntegrityError,
    ObjectExists,
    ObjectMissing,
    StoreError,
    StoreRefused,
    Untrusted,
)
from techner.documents import dump, parse
from techner.registry.names import generation_of, record_name
from techner.store import Store, Stored

R = TypeVar("R")
PROBES = "probe/"
PROBE_TIME = "%Y%m%dT%H%M%SZ"
PROBE_WRITERS = 4


class LogEntry(NamedTuple, Generic[R]):
    """A record and its place in the log: generation 1 is the oldest."""

    generation: int
    record: R


class RawEntry(NamedTuple):
    """A record as stored, not parsed."""

    generation: int
    key: str
    data: bytes


class Log(Generic[R]):
    """Records below `prefix`, keyed so that the newest is listed first; each has a unique `id`."""

    def __init__(self, store: Store, prefix: str, kind: type[R]) -> None:
        self._store, self._prefix, self._kind = store, prefix, kind

    def newest(self) -> LogEntry[R] | None:
        """Return the newest record, or None; this costs one list and one get."""
        return next(self.records(limit=1), None)

    def length(self) -> int:
        """Return the newest generation's number without reading it; 0 for an empty log."""
        newest = next(self._store.list(f"{self._prefix}/", limit=1), None)
        return self.generation(newest.key) if newest else 0

    def records(self, *, limit: int | None = None, after: int = 0) -> Iterator[LogEntry[R]]:
        """Yield the records, newest first, down to the one above generation `after`.

        Raises IntegrityError for a record that cannot be read, Untrusted for one without a valid signature.
        """
        for stored in self.stored(limit=limit, after=after):
            yield LogEntry(stored.generation, self.read(stored))

    def believed(
        self, *, limit: int | None = None, after: int = 0, skip: Callable[[Stored], bool] | None = None
    ) -> Iterator[LogEntry[R | None]]:
        """Yield like `records`, for people to look at; None for a record that is not trusted.

        Of listed records, `skip` tells which are not read.
        """
        for entry in self._store.list(f"{self._prefix}/", limit=limit):
            generation = self.generation(entry.key)
            if generation <= after:
                return
            if skip and skip(entry):
                continue
            try:
                found = self.read(RawEntry(generation, entry.key, self._store.get(entry.key)))
            except Untrusted:
                found = None
            yield LogEntry(generation, found)

    def read(self, stored: RawEntry) -> R:
        """Parse what `stored` yielded."""
        return parse(self._kind, stored.data, where=stored.key)

    def stored(self, *, limit: int | None = None, after: int = 0) -> Iterator[RawEntry]:
        """Yield the records, newest first, not parsed."""
        for entry in self._store.list(f"{self._prefix}/", limit=limit):
            generation = self.generation(entry.key)
            if generation <= after:
                return
            yield RawEntry(generation, entry.key, self._store.get(entry.key))

    def generation(self, key: str) -> int:
        """Return the place of a listed record in the log; raises IntegrityError for any other key."""
        generation = generation_of(key)
        if generation is None or key.count("/") != self._prefix.count("/") + 1:
            raise IntegrityError(f"{key!r} is not a record of a log: find out who wrote it, and remove it")
        return generation

    def append(self, record: Any, *, after: int) -> bool:
        """Create generation `after + 1`; return False if another writer created it first.

        If the answer to the create is lost (5xx, time-out, 409), the key is read back: a record with our id
        means that we won. Raises StoreError if that does not settle it.
        """
        key = f"{self._prefix}/{record_name(after + 1)}"
        try:
            self._store.create(key, dump(record))
        except StoreError as error:
            try:
                found = parse(self._kind, self._store.get(key), where=key)
            except ObjectMissing:
                raise StoreError(f"writing {key!r} neither succeeded nor failed; try again") from error
            if not isinstance(error, ObjectExists) and getattr(found, "id", None) != record.id:
                raise
            return bool(getattr(found, "id", None) == record.id)
        return True


def require_create_only(store: Store) -> None:
    """Raise StoreError if the store lets a second create of one key through: promotion would be unsafe."""
    # From the time, `gc` knows which keys killed processes left.
    key = f"{PROBES}{datetime.now(UTC):{PROBE_TIME}}-{uuid.uuid4().hex}"

    def create(writer: int) -> bool:
        try:
            store.create(key, str(writer).encode())
        except StoreRefused:  # not of this key: of rights, credentials or the bucket
            raise
        except StoreError:  # the key is taken, or undecided, like S3's 409 to simultaneous writers
            return False
        return True

    try:
        # Several at once, and one after: some stores refuse a later writer but not a simultaneous one.
        with ThreadPoolExecutor(PROBE_WRITERS) as writers:
            won = sum(writers.map(create, range(PROBE_WRITERS)))
        store.get(key)  # one of them must have won, or the store does not work
        if won <= 1 and not create(PROBE_WRITERS):
            return
    finally:
        store.delete(key)
    raise StoreError(
        f"{store.url} overwrote an object that was created with `If-None-Match: *`; two runs could both "
        "promote. Use a store that honours create-only writes: AWS S3, Ceph, a folder; not rclone, s3rver, "
        "Swift"
    )
