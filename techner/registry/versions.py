"""How a version is named, where its manifest is, and whether a manifest is the one of its name."""

from techner.core.errors import IntegrityError
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.documents import dump, parse


def version_name(manifest: Manifest) -> str:
    """Name a version: distance from the origin, then the digest of the manifest."""
    return f"{manifest.number:04d}-{digest(dump(manifest))[:16]}"


def version_number(version: str) -> int:
    """Return the distance from the origin that a version's name tells."""
    return int(version.partition("-")[0])


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


def manifest_key(version: str) -> str:
    return f"versions/{version}/manifest.json"
