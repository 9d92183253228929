"""Versions: a manifest written last, named after its own digest."""

from collections.abc import Iterator
from contextlib import suppress

from techner.core.errors import IntegrityError, ObjectExists, ObjectMissing, UnknownVersion
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.documents import dump, parse
from techner.store import Store


def version_name(manifest: Manifest) -> str:
    """Name a version: distance from the origin, then the digest of the manifest."""
    return f"{manifest.number:04d}-{digest(dump(manifest))[:16]}"


def version_number(version: str) -> int:
    """Return the distance from the origin that a version's name tells."""
    return int(version.partition("-")[0])


def create_version(store: Store, manifest: Manifest) -> str:
    """Write the manifest; the version exists from here on. The blobs must be there already."""
    version, data = version_name(manifest), dump(manifest)
    with suppress(ObjectExists):  # an earlier try got this far: the name says that the bytes are the same
        store.create(manifest_key(version), data)
    return version


def read_manifest(store: Store, version: str) -> Manifest:
    """Return the manifest of a version; raises UnknownVersion, or IntegrityError where it was altered."""
    return stored_manifest(store, version)[1]


def read_manifest_bytes(store: Store, version: str) -> bytes:
    """Return a manifest as it is stored, verified like `read_manifest` does."""
    return stored_manifest(store, version)[0]


def stored_manifest(store: Store, version: str) -> tuple[bytes, Manifest]:
    """Return a manifest as it is stored, and what it says; raises what `read_manifest` raises."""
    try:
        data = store.get(manifest_key(version))
    except ObjectMissing as error:
        raise UnknownVersion(version) from error
    return data, named_manifest(version, data)


def named_manifest(version: str, data: bytes) -> Manifest:
    """Parse the stored bytes of a manifest; raises IntegrityError where they are not those of `version`."""
    number, _, start = version.rpartition("-")
    if digest(data)[:16] != start:
        raise IntegrityError(f"the manifest of {version} was altered: its digest is not in its name")
    manifest = parse(Manifest, data, where=manifest_key(version))
    # The digest is the same in a copy below another number, and so is the signature.
    if f"{manifest.number:04d}" != number:
        raise IntegrityError(
            f"the manifest of {version} is that of another version, number {manifest.number}"
        )
    return manifest


def versions(store: Store) -> Iterator[str]:
    """Yield all versions, oldest number first."""
    for entry in store.list("versions/"):
        if entry.key.endswith("/manifest.json"):
            yield entry.key.split("/")[1]


def versions_at(store: Store, number: int) -> Iterator[str]:
    """Yield the versions at this distance from the origin."""
    for entry in store.list(f"versions/{number:04d}-"):
        if entry.key.endswith("/manifest.json"):
            yield entry.key.split("/")[1]


def manifest_key(version: str) -> str:
    return f"versions/{version}/manifest.json"
