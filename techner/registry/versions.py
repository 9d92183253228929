"""The name of a version, the key of its manifest, and the check that a manifest matches its name."""

from techner.core.errors import IntegrityError
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.records import Generation
from techner.documents import dump, parse


def version_name(manifest: Manifest) -> str:
    """Return a version's name: its distance from the origin, then the start of its manifest's digest."""
    return f"{manifest.number:04d}-{digest(dump(manifest))[:16]}"


def version_number(version: str) -> int:
    """Return the distance from the origin, which is part of a version's name."""
    return int(version.partition("-")[0])


def went_back(move: Generation) -> bool:
    """Tell whether a move was a rollback."""
    return move.previous is not None and version_number(move.version) < version_number(move.previous)


def named_manifest(version: str, data: bytes) -> Manifest:
    """Parse the stored bytes of a manifest; raises IntegrityError if they are not those of `version`."""
    number, _, start = version.rpartition("-")
    if digest(data)[:16] != start:
        raise IntegrityError(f"the manifest of {version} was altered: its digest is not in its name")
    try:
        manifest = parse(Manifest, data, where=manifest_key(version))
    except IntegrityError as error:  # its name vouches for the bytes: they are not damaged
        raise IntegrityError(f"{error}: a newer techner made this version; install that one here") from error
    # A copy under another number has the same digest, and the same signature.
    if f"{manifest.number:04d}" != number:
        raise IntegrityError(
            f"the manifest of {version} is that of another version, number {manifest.number}"
        )
    return manifest


def manifest_key(version: str) -> str:
    return f"versions/{version}/manifest.json"
