"""The models of one store, with a cache that several processes may share."""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from techner.client.last_good import LastGood, Pulled
from techner.client.watch import Live
from techner.core.errors import ModelError, SettingsError, StoreError, UnknownVersion
from techner.core.eviction import EvictionPolicy
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.records import Generation
from techner.documents import parse
from techner.registry import Registry
from techner.registry.eviction import evict
from techner.registry.layout import lay_out
from techner.registry.leases import Lease, model_name
from techner.registry.names import ALIAS_NAME, VERSION_NAME
from techner.registry.seen_aliases import remembering
from techner.registry.signing import keys_digest, load_public_keys
from techner.registry.trust import trusted
from techner.registry.versions import named_manifest
from techner.store import Store, Stored, open_store

if TYPE_CHECKING:
    from spacy.language import Language

POLL_S = 30.0
_BOUNDS = EvictionPolicy()
# A model is data, and each of its components reads its own part in its own way.
_REFUSALS = (ImportError, OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
PROBE = "David often uses TLS over SSL."
log = logging.getLogger(__name__)


class ModelStore:
    """Resolve, pull, load and watch the versions of one store, by version or by alias (`production`).

    Without a public key, everything in the store is trusted, and digests show only damage.
    """

    def __init__(
        self,
        url: str,
        *,
        cache: Path | str | None = None,
        s3_endpoint: str | None = None,
        public_key: Path | str | None = None,
        max_cache_bytes: int = _BOUNDS.max_bytes,
        max_cache_days: float = _BOUNDS.max_days,
    ) -> None:
        """Open a store. With a PEM file of public keys, only signed states are trusted, and no older ones.

        `cache` defaults to `~/.cache/techner`. After each pull, files that nobody has used for so many days
        are removed from it, and the longest unused until so many bytes are left; 0: no bound. What an alias
        meant at its last pull stays, and while this object exists, so do the folders that it pulled: of each
        name the last. Raises SettingsError for a key file or bound that cannot be used, and StoreError for a
        URL that is not a store.
        """
        self._eviction = EvictionPolicy(max_bytes=max_cache_bytes, max_days=max_cache_days)
        self._leases: dict[str, Lease] = {}
        keys = load_public_keys(Path(public_key)) if public_key else ()
        self._cache = Path(cache or Path.home() / ".cache" / "techner").absolute()
        self._keys = keys_digest(keys)
        believed = trusted(open_store(url, s3_endpoint=s3_endpoint), keys)
        self._store: Store = remembering(believed, self._cache, is_signed=bool(keys))
        self._memory = LastGood(self._cache, self._store, keys=self._keys)

    def resolve(self, name: str = "production") -> str:
        """Return the version that an alias names: one list request, and two more if it has moved.

        Raises UnknownVersion, StoreError if the store does not answer, and Untrusted if a key is set and
        did not sign what is there.
        """
        return name if re.fullmatch(VERSION_NAME, name) else self._newest(name).version

    def manifest(self, name: str = "production") -> Manifest:
        """Return the manifest of a version; raises UnknownVersion, StoreError and Untrusted."""
        version = self.resolve(name)
        return self._memory.manifest(version) or Registry(self._store).manifest(version)

    def pull(self, name: str = "production") -> Path:
        """Download what is missing and return the folder of the model, every file verified by SHA-256.

        The files are read-only links into the cache. While the store does not answer, an alias means the
        version that was pulled last; StoreError is raised if there is none. Raises UnknownVersion,
        IntegrityError for an altered file, Untrusted for a version or alias that the keys did not sign,
        and CacheError if the disk is too small.
        """
        is_version = re.fullmatch(VERSION_NAME, name)
        folder = self._lay_out(name, name) if is_version else self._pull_alias(name)
        evict(self._cache, self._eviction)
        return folder

    def _pull_alias(self, alias: str) -> Path:
        try:
            move = self._newest(alias)
            folder = self._lay_out(alias, move.version)
        except StoreError as error:
            return self._last_good(alias, error)
        if move != self._memory.move(alias):
            self._memory.keep_move(alias, move)
        return folder

    def load(self, name: str = "production") -> "Language":
        """Pull, load and query a version once; `meta["techner_version"]` of the pipeline names it.

        Raises what `pull` raises, ModelError if the model does not load or does not answer, and SettingsError
        if spaCy is missing.
        """
        try:
            import spacy
        except ModuleNotFoundError as error:
            if error.name != "spacy":
                raise
            raise SettingsError(
                "loading a model needs the extra `load`: pip install 'techner[load]'"
            ) from error

        for left in (1, 0):
            folder = self.pull(name)
            try:
                nlp = spacy.load(folder)
                nlp(PROBE)
                break
            except _REFUSALS as error:
                if left and not folder.exists():
                    continue  # another process evicted it, where locks do nothing
                raise ModelError(
                    f"{folder.name} does not load: {error}; is the spaCy of its manifest installed?"
                ) from error
        nlp.meta["techner_version"] = folder.name
        return nlp

    def watch(self, name: str = "production", *, every_s: float = POLL_S) -> Live:
        """Load a version now, and whatever the alias is moved to later, in a thread until it is closed.

        `every_s` is in seconds; a poll that finds no change is one list request. Start it in each process
        that serves, because threads do not survive a fork. Raises what `load` raises for the first version;
        later errors are in `Live.error`.
        """
        return Live(self, name, every_s=every_s)

    def _newest(self, alias: str) -> Pulled:
        if not re.fullmatch(ALIAS_NAME, alias):  # it becomes part of a key and of a path
            raise UnknownVersion(alias)
        known = self._memory.move(alias)
        listed = next(self._store.list(f"aliases/{alias}/", limit=1), None)
        if listed is None:
            if known is None:
                raise UnknownVersion(alias)
            raise self._vanished(alias)
        if known and (known.keys, known.key, known.tag) == (self._keys, listed.key, listed.tag):
            return known
        return self._read(alias, listed)

    def _read(self, alias: str, listed: Stored) -> Pulled:
        stored = next(Registry(self._store).log(alias).stored(limit=1), None)
        if stored is None:
            raise self._vanished(alias)
        return Pulled(
            key=stored.key,
            tag=listed.tag if stored.key == listed.key else "",  # moved since it was listed: it must be read
            number=stored.generation,
            digest=digest(stored.data),
            version=parse(Generation, stored.data, where=stored.key).version,
            keys=self._keys,
        )

    def _vanished(self, alias: str) -> StoreError:
        # Generations are never deleted: an empty folder is more likely a disk that is not mounted.
        return StoreError(f"alias {alias!r} has vanished from {self._store.url}; is this the right store?")

    def _lay_out(self, name: str, version: str) -> Path:
        """Return the folder of the version that a name means now; it stays until the name means another."""
        manifest = self._memory.manifest(version)
        if manifest is None:
            data = Registry(self._store).manifest_bytes(version)
            manifest = named_manifest(version, data)
            self._memory.keep_manifest(version, data)
        lease = Lease(self._cache, [model_name(version)])
        folder = lay_out(self._store, version, manifest.files, cache=self._cache)
        self._leases[name] = lease  # the one before is closed once nobody has it
        return folder

    def _last_good(self, alias: str, error: StoreError) -> Path:
        known = self._memory.move(alias)
        if known is None or known.keys != self._keys:  # a key that signed it may have been revoked since
            raise error
        try:
            folder = self._lay_out(alias, known.version)
        except StoreError:
            raise error from None  # no longer whole
        log.warning("%s; %s goes on with %s from the cache", error, alias, known.version)
        return folder
