"""Whether everything that versions and aliases name is in the store and unaltered, file by file."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from techner.core.document import document
from techner.core.errors import IntegrityError, ObjectMissing, UnknownVersion
from techner.core.examples import digest
from techner.core.manifest import FileEntry, Manifest
from techner.registry import Registry
from techner.registry.blobs import blob_key, file_digest
from techner.registry.fetch import check_files
from techner.store import Store


@document
class Damage:
    """One thing that is not as it was written."""

    where: str
    """A version, or an alias."""
    what: str
    """The file, record or generation."""
    detail: str


def verify_versions(store: Store, names: Iterable[str]) -> Iterator[Damage]:
    """Yield what is wrong with these versions; a blob that several versions share is read once."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            manifest = Registry(store).manifest(name)
        except (IntegrityError, UnknownVersion) as error:
            yield Damage(where=name, what="manifest.json", detail=str(error))
            continue
        yield from _faults(store, name, manifest, found)


def verify_alias(store: Store, alias: str) -> Iterator[Damage]:
    """Yield what is wrong with the log of an alias: a gap, a broken chain, a move to a missing version."""
    expected: tuple[int, str | None] | None = None  # of the generation below, according to the one above
    number = 0
    try:
        for stored in Registry(store).log(alias).stored():
            number = stored.generation
            if expected and expected != (number, digest(stored.data)):
                yield Damage(
                    where=alias,
                    what=f"generation {expected[0]}",
                    detail="is missing, or is not the one that generation "
                    f"{expected[0] + 1} was made after: records were removed, altered or swapped",
                )
            generation = Registry(store).log(alias).read(stored)
            if (generation.alias, generation.number) != (alias, number):
                yield Damage(where=alias, what=f"generation {number}", detail="is a copy of another one")
            if expected is None:
                Registry(store).manifest_of(generation)
            expected = number - 1, generation.before
    except (IntegrityError, UnknownVersion) as error:
        yield Damage(where=alias, what=f"generation {number}" if number else "log", detail=str(error))
        return
    if expected and expected != (0, None):
        yield Damage(
            where=alias, what=f"generation {expected[0]}", detail="is missing: the log was cut short"
        )


def verify_store(store: Store, names: Iterable[str]) -> Iterator[Damage]:
    """Yield what is wrong with these versions and all aliases."""
    for alias in Registry(store).aliases():
        yield from verify_alias(store, alias)
    yield from verify_versions(store, names)


def _faults(store: Store, name: str, manifest: Manifest, found: dict[str, str | None]) -> Iterator[Damage]:
    known = {entry.sha256: path for path, entry in reversed(manifest.blobs)}
    for path, entry in manifest.blobs:
        try:
            check_files([replace(entry, path=path)])
        except IntegrityError as error:
            yield Damage(where=name, what=path, detail=str(error))
            continue
        if entry.sha256 not in found:
            found[entry.sha256] = _fault_of(store, entry, known)
        if detail := found[entry.sha256]:
            yield Damage(where=name, what=path, detail=f"blob {entry.sha256} {detail}")


def _fault_of(store: Store, entry: FileEntry, known: dict[str, str]) -> str | None:
    with TemporaryDirectory(prefix="techner-verify-") as scratch:
        copy = Path(scratch, "blob")
        try:
            store.download(blob_key(entry.sha256), copy)
        except ObjectMissing:
            return "is missing"
        size_bytes, sha256 = copy.stat().st_size, file_digest(copy)
    if sha256 != entry.sha256:
        if sha256 in known:
            return f"holds the bytes of {known[sha256]}"
        if size_bytes < entry.size_bytes:
            return f"is cut short: {size_bytes} of {entry.size_bytes} bytes"
        return f"was altered: {size_bytes} bytes with the digest {sha256}"
    if size_bytes != entry.size_bytes:
        return f"has {size_bytes} bytes, the manifest says {entry.size_bytes}"
    return None
