"""What a cache remembers of a store: enough to serve while the store is down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from techner.core.document import document
from techner.core.errors import CacheError, IntegrityError, ObjectMissing, StoreError
from techner.core.manifest import Manifest
from techner.documents import dump, parse
from techner.registry.seen_aliases import memory_of
from techner.registry.versions import named_manifest
from techner.store import FolderStore, Store


@document
class Pulled:
    """The newest record of an alias that was pulled whole, as the store listed it."""

    key: str
    tag: str
    number: int
    digest: str
    """Of the record's bytes."""
    version: str
    keys: str = ""
    """Digest of the keys that verified it; empty without keys."""


class LastGood:
    """Aliases and manifests of one store, in a folder of the cache; a cache may serve several stores.

    What was read without a key is kept apart, because a reader with a key must not believe it. Nor must a
    reader with other keys, except for how far an alias had come: `Pulled.keys` tells them apart, and so
    does the folder of the manifests.
    """

    def __init__(self, cache: Path, store: Store, *, keys: str) -> None:
        """Open the memory of a reader with these keys, given as their digest; empty without keys."""
        self._files = FolderStore(memory_of(store, cache, is_signed=bool(keys)))
        self._manifests = f"manifests/{keys[:16]}".rstrip("/")

    def move(self, alias: str) -> Pulled | None:
        """Return where the alias pointed when it was last pulled; raises CacheError for a damaged record."""
        key = f"aliases/{alias}.json"
        try:
            with self._errors():
                return parse(Pulled, self._files.get(key), where=key)
        except ObjectMissing:
            return None

    def keep_move(self, alias: str, move: Pulled) -> None:
        with self._errors():
            self._files.put(f"aliases/{alias}.json", dump(move))

    def manifest(self, version: str) -> Manifest | None:
        """Return a manifest that was kept before, None if it is missing or damaged."""
        key = f"{self._manifests}/{version}.json"
        try:
            return named_manifest(version, self._files.get(key))
        except (StoreError, IntegrityError):
            return None

    def keep_manifest(self, version: str, data: bytes) -> None:
        """Keep the bytes of a manifest as stored: written again, they might not match its name."""
        with self._errors():
            self._files.put(f"{self._manifests}/{version}.json", data)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise CacheError for trouble with the cache, which must not look like a store that is down."""
        try:
            yield
        except ObjectMissing:
            raise
        except IntegrityError as error:
            raise CacheError(
                str(self._files.root), f"{error}: delete that file, the next pull makes it"
            ) from error
        except StoreError as error:
            raise CacheError(str(self._files.root), str(error)) from error
