"""The registry: the versions of a model in one store, and the names that point to them."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from techner.core.errors import (
    AliasConflict,
    IntegrityError,
    NotInitialised,
    ObjectExists,
    ObjectMissing,
    RegistryError,
    UnknownVersion,
)
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.records import Generation
from techner.documents import dump
from techner.registry.log import Log, require_create_only
from techner.registry.versions import manifest_key, named_manifest, version_name
from techner.store import Store

PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Registry:
    """Versions, each a manifest written last and named after its digest; aliases, each a log of moves.

    Where there are keys, the store itself verifies and signs (ADR 17).
    """

    store: Store

    def production(self) -> tuple[str, Manifest]:
        """Return the version that `production` names, with its manifest; raises NotInitialised."""
        newest = self.log().newest()
        if newest is None:
            raise NotInitialised(self.store.url)
        return newest.record.version, self.manifest_of(newest.record)

    def resolve(self, name: str) -> tuple[str, Manifest]:
        """Return the version that an alias names, or the version of this name, with its manifest.

        Raises UnknownVersion, for `production` NotInitialised, and IntegrityError for an altered manifest.
        """
        if name == PRODUCTION:
            return self.production()
        newest = self.log(name).newest()
        if newest is None:
            return name, self.manifest(name)
        return newest.record.version, self.manifest_of(newest.record)

    def log(self, alias: str = PRODUCTION) -> Log[Generation]:
        """Return the log of an alias."""
        return Log(self.store, f"aliases/{alias}", Generation)

    def aliases(self) -> tuple[str, ...]:
        """Return the names of all aliases."""
        return tuple(dict.fromkeys(entry.key.split("/")[1] for entry in self.store.list("aliases/")))

    def alias_at(self, at: datetime, *, alias: str = PRODUCTION) -> Generation:
        """Return the last move of the alias up to this time; raises RegistryError if there was none."""
        first = None
        for _, record in self.log(alias).records():
            if record.when <= at:
                return record
            first = record
        since = f"its first move was at {first.when.isoformat()}" if first else "it never named anything"
        raise RegistryError(f"{alias!r} named nothing at {at.isoformat()}: {since}")

    def move(
        self,
        version: str,
        *,
        expected: str | None,
        who: str,
        why: str,
        when: datetime,
        alias: str = PRODUCTION,
    ) -> bool:
        """Point the alias from `expected` to `version`; return False if it names `version` already.

        This is the one commit point of a night. Raises AliasConflict if another writer moved the alias first,
        StoreError if the store cannot keep two writers apart, UnknownVersion if `version` does not exist.
        """
        manifest = self.manifest_bytes(version)
        require_create_only(self.store)
        log = self.log(alias)
        newest = next(log.stored(limit=1), None)
        number, before = (newest.generation, digest(newest.data)) if newest else (0, None)
        current = log.read(newest).version if newest else None
        if current == version:
            return False
        record = Generation(
            id=uuid.uuid4().hex,
            alias=alias,
            number=number + 1,
            version=version,
            manifest=digest(manifest),
            previous=current,
            before=before,
            who=who,
            why=why,
            when=when,
        )
        if current != expected or not log.append(record, after=number):
            found = log.newest()
            if found and found.record.version == version:  # another try of the same task was faster
                return False
            raise AliasConflict(alias, expected, found.record.version if found else None)
        return True

    def manifest_of(self, generation: Generation) -> Manifest:
        """Return the manifest that a generation names; raises IntegrityError if it has other bytes now."""
        data, manifest = self._stored(generation.version)
        if digest(data) != generation.manifest:
            raise IntegrityError(f"the manifest of {generation.version} is not the one that was promoted")
        return manifest

    def manifest(self, version: str) -> Manifest:
        """Return the manifest of a version; raises UnknownVersion, and IntegrityError if it was altered."""
        return self._stored(version)[1]

    def parent_of(self, version: str) -> str | None:
        """Return the version that a version was made from, None for the origin; raises as `manifest`."""
        return self.manifest(version).parent

    def manifest_bytes(self, version: str) -> bytes:
        """Return a manifest as it is stored, verified as `manifest` does."""
        return self._stored(version)[0]

    def _stored(self, version: str) -> tuple[bytes, Manifest]:
        """Return a manifest as it is stored, and parsed; raises what `manifest` raises."""
        try:
            data = self.store.get(manifest_key(version))
        except ObjectMissing as error:
            raise UnknownVersion(version) from error
        return data, named_manifest(version, data)

    def create(self, manifest: Manifest) -> str:
        """Write the manifest and return the version's name; the blobs must be in the store already."""
        version, data = version_name(manifest), dump(manifest)
        with suppress(ObjectExists):  # an earlier try got this far: the name says that the bytes are the same
            self.store.create(manifest_key(version), data)
        return version

    def versions(self) -> Iterator[str]:
        """Yield all versions, lowest number first."""
        for entry in self.store.list("versions/"):
            if entry.key.endswith("/manifest.json"):
                yield entry.key.split("/")[1]

    def versions_at(self, number: int) -> Iterator[str]:
        """Yield the versions at this distance from the origin."""
        for entry in self.store.list(f"versions/{number:04d}-"):
            if entry.key.endswith("/manifest.json"):
                yield entry.key.split("/")[1]
