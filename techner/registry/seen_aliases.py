"""How far each alias was seen, kept in a cache: an older log, or another past, is refused (ADR 19).

Generations are never deleted, and a rollback appends one. So every newer generation must lead back to the one
that was seen, digest by digest (`before`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from techner.core.document import document
from techner.core.errors import CacheError, IntegrityError, ObjectMissing, Rewritten, StoreError
from techner.core.examples import digest
from techner.core.records import Generation
from techner.documents import canonical, dump, parse
from techner.registry.names import ALIAS_NAME, generation_of, record_name
from techner.store import FolderStore, Store
from techner.store.base import Stored
from techner.store.wrapped import WrappedStore

_LOG = re.compile(rf"aliases/({ALIAS_NAME})/")


@document
class Seen:
    """The newest generation of an alias that was seen, and how the store listed it."""

    number: int
    digest: str
    key: str
    tag: str


def memory_of(store: Store, cache: Path, *, is_signed: bool) -> Path:
    """Return the cache's folder for this store; what was read without a key is kept in another folder."""
    return cache / "stores" / (digest(store.identity.encode())[:16] + ("-signed" if is_signed else ""))


def remembering(store: Store, cache: Path, *, is_signed: bool) -> Store:
    """Return a store that refuses an alias which does not go on from what this cache has seen."""
    return RememberingStore(
        inner=store, memory=FolderStore(memory_of(store, cache.absolute(), is_signed=is_signed))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberingStore(WrappedStore):
    """Compares the newest generation with the one seen before, whenever the log of an alias is listed."""

    memory: FolderStore

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        found = _LOG.fullmatch(prefix)
        return self._log(found[1], limit) if found else self.inner.list(prefix, limit=limit)

    def _log(self, alias: str, limit: int | None) -> Iterator[Stored]:
        # Read before the list: another process may meanwhile see more than is listed here.
        seen = self._seen(alias)
        entries = iter(self.inner.list(f"aliases/{alias}/", limit=limit))
        newest = next(entries, None)
        if newest is None:
            if seen:
                # An empty folder is more likely a disk that is not mounted.
                raise StoreError(
                    f"alias {alias!r} has vanished from {self.url}; is this the right store? If it was made "
                    f"again on purpose, delete {self.memory.root}"
                )
            return
        if seen is None or (seen.key, seen.tag) != (newest.key, newest.tag):
            self._follow(alias, newest, seen)
        yield newest
        yield from entries

    def _follow(self, alias: str, newest: Stored, seen: Seen | None) -> None:
        number = generation_of(newest.key)
        if number is None:  # the reader of the log reports that
            return
        data = self.inner.get(newest.key)
        parse(Generation, data, where=newest.key)  # what cannot be read is not remembered
        if seen:
            self._require_progress(alias, number, data, seen)
        found = Seen(number=number, digest=digest(data), key=newest.key, tag=newest.tag)
        with self._cache_errors():
            self.memory.put(f"seen/{alias}.json", dump(found))

    def _require_progress(self, alias: str, number: int, data: bytes, seen: Seen) -> None:
        def refuse(why: str) -> Rewritten:
            return Rewritten(f"generation {number} of {alias!r}", why, str(self.memory.root))

        if number < seen.number:
            raise refuse(f"older than generation {seen.number}, which was seen before")
        for below in range(number - 1, seen.number - 1, -1):
            key = f"aliases/{alias}/{record_name(below)}"
            before = parse(Generation, data, where=key).before
            try:
                data = self.inner.get(key)
            except ObjectMissing as error:
                raise refuse(f"made after a generation {below} that is missing") from error
            if digest(data) != before:
                raise refuse(f"not made after the generation {below} that is there")
        if digest(data) != seen.digest:
            raise refuse(f"of another past: generation {seen.number} is not the one that was seen before")

    def _seen(self, alias: str) -> Seen | None:
        with suppress(ObjectMissing), self._cache_errors():
            key = f"seen/{alias}.json"
            return parse(Seen, self.memory.get(key), where=key)
        with suppress(ObjectMissing), self._cache_errors():
            key = f"aliases/{alias}.json"  # clients of older versions kept only what they had pulled
            pulled = parse(dict[str, Any], self.memory.get(key), where=key)
            kept = {name: value for name, value in pulled.items() if name in Seen.__dataclass_fields__}
            return parse(Seen, canonical(kept), where=key)
        return None

    @contextmanager
    def _cache_errors(self) -> Iterator[None]:
        """Raise CacheError for trouble with the cache, which must not look like a store that is down."""
        try:
            yield
        except ObjectMissing:
            raise
        except IntegrityError as error:
            raise CacheError(
                str(self.memory.root), f"{error}: delete that file to forget how far the alias was seen"
            ) from error
        except (StoreError, OSError) as error:
            raise CacheError(str(self.memory.root), str(error)) from error
