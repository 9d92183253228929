"""The batches that a version has learnt: the newest in its manifest, those before in parts (ADR 55).

A part is a blob that lists `PART_BATCHES` batches. It never changes, and all later versions name it.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError
from techner.core.manifest import FileEntry, Lineage, LineageBatches, LineagePart, Manifest
from techner.documents import dump, parse
from techner.registry.blobs import load_bytes, save_bytes
from techner.store import Store

PART_BATCHES = 256
"""A manifest has up to 255 batches (36 kB, 52 with metadata), and 137 bytes for each part."""
MOST_KEPT = 512
"""Parts that a process remembers, some 90 kB each."""
_WORKERS = 8


class _Remembered:
    """Parts that this process has read and verified, by digest; the oldest are forgotten."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[BatchRef, ...]] = {}
        self._lock = Lock()

    def get(self, sha256: str) -> tuple[BatchRef, ...] | None:
        return self._parts.get(sha256)

    def keep(self, sha256: str, batches: tuple[BatchRef, ...]) -> None:
        with self._lock:
            self._parts[sha256] = batches
            while len(self._parts) > MOST_KEPT:
                del self._parts[next(iter(self._parts))]


_remembered = _Remembered()


def learnt(store: Store, manifest: Manifest) -> tuple[BatchRef, ...]:
    """Return all batches that a version has learnt, oldest first.

    Raises IntegrityError if one of the parts is missing or altered: what the version has learnt is unknown
    then, and nothing may be planned on it. A part that this process has read before is not read again.
    """
    return _batches(store, manifest.lineage)


def learnt_apart(
    store: Store, one: Manifest, two: Manifest
) -> tuple[tuple[BatchRef, ...], tuple[BatchRef, ...]]:
    """Return what each of two versions has learnt, without the parts that both name: these are not read.

    Raises what `learnt` raises.
    """
    common = frozenset(one.lineage.parts) & frozenset(two.lineage.parts)
    return _batches(store, one.lineage, without=common), _batches(store, two.lineage, without=common)


def learnt_only_by(store: Store, version: Manifest, other: Manifest) -> tuple[BatchRef, ...]:
    """Return the batches that a version has learnt and the other one has not; raises what `learnt` raises."""
    batches, others = learnt_apart(store, version, other)
    known = {batch.digest for batch in others}
    return tuple(batch for batch in batches if batch.digest not in known)


def _batches(
    store: Store, lineage: Lineage, without: frozenset[LineagePart] = frozenset()
) -> tuple[BatchRef, ...]:
    wanted = [
        (entry, part)
        for entry, part in zip(lineage.part_files, lineage.parts, strict=True)
        if part not in without
    ]
    with ThreadPoolExecutor(_WORKERS) as workers:  # it starts no more threads than there are parts
        found = workers.map(lambda pair: _remembered.get(pair[0].sha256) or read_part(store, pair[0]), wanted)
        read = list(zip(wanted, found, strict=True))
    for (entry, part), batches in read:
        if len(batches) != part.batches:
            raise IntegrityError(
                f"{entry.path} lists {len(batches)} batches, and the manifest says {part.batches}: a faulty "
                "writer made this version; roll back to another one"
            )
    return (*(batch for _, batches in read for batch in batches), *lineage.batches)


def read_part(store: Store, entry: FileEntry) -> tuple[BatchRef, ...]:
    """Return the batches of a part as the store has it; raises IntegrityError if it is missing or altered."""
    data = load_bytes(store, entry)
    batches = parse(LineageBatches, data, where=entry.path).batches
    _remembered.keep(entry.sha256, batches)
    return batches


def continued(store: Store, lineage: Lineage, new: Iterable[BatchRef]) -> Lineage:
    """Return a lineage that has learnt `new` too; what fills a part is stored as one.

    Lineages of an older techner, which list all their batches, are divided in the same way. The same batches
    in the same order give the same parts.
    """
    parts, batches = list(lineage.parts), [*lineage.batches, *new]
    while len(batches) >= PART_BATCHES:
        data = dump(LineageBatches(batches=tuple(batches[:PART_BATCHES])))
        saved = save_bytes(store, data, path="lineage")
        parts.append(LineagePart(sha256=saved.sha256, size_bytes=saved.size_bytes, batches=PART_BATCHES))
        del batches[:PART_BATCHES]
    return replace(lineage, parts=tuple(parts), batches=tuple(batches))


def whole(store: Store, manifest: Manifest) -> Manifest:
    """Return a manifest that lists all its batches itself, to be shown; raises what `learnt` raises."""
    lineage = replace(manifest.lineage, parts=(), batches=learnt(store, manifest))
    return replace(manifest, lineage=lineage)
