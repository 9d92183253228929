"""`backup` and `restore`: a whole, consistent copy of a store that may be in use meanwhile (ADR 45)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from techner.core.document import document
from techner.core.errors import IntegrityError, NotInitialised, ObjectMissing, RegistryError
from techner.core.examples import digest
from techner.documents import dump, parse
from techner.operate.copy_files import copy_files
from techner.operate.copy_logs import copy_logs
from techner.operate.copying import Copier
from techner.operate.prune import TAKEN, writing
from techner.operate.same_store import records_ahead, require_apart, require_earlier, told_ahead
from techner.operate.snapshot import ALIASES, Snapshot, take_snapshot
from techner.registry import Registry
from techner.registry.log import require_create_only
from techner.registry.verify import Damage
from techner.store import Store

_UNKNOWN = datetime.fromtimestamp(0, UTC)
PASSES = 3
"""What `gc` removed while it was copied is a fault of that pass only: the next one does not refer to it."""


@document
class Taken:
    """What a backup knows of itself; it can be restored without."""

    source: str
    """Digest of the identity of the store, whose tags these are."""
    begun: datetime
    ended: datetime | None = None
    faults: int = 0
    named: tuple[Damage, ...] = ()
    """What could not be copied; of earlier versions of techner only the number is known."""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was sent, and what could not be."""

    objects: int
    size_bytes: int
    there: int
    """Objects that were there before."""
    faults: tuple[Damage, ...]
    """Of a restore, also what the last backup could not copy."""


def ignore_bytes(done: int, total: int) -> None:
    del done, total


def back_up(
    source: Store,
    target: Store,
    *,
    scratch: Path,
    clock: Callable[[], datetime],
    on_bytes: Callable[[int, int], object] = ignore_bytes,
) -> Copied:
    """Bring `target`, a backup of `source` or an empty store, up to date; nothing is removed from it.

    `target` is a store without keys: signed documents are copied as they are. What is damaged, missing or not
    trusted in `source` is named, and left out with what refers to it; so is a log of which the target holds a
    newer record. Raises NotInitialised if the source has no production, RegistryError if the target is not a
    backup of it.
    """
    require_apart(source, target)
    if not Registry(source).log().length():
        raise NotInitialised(source.url)
    identity = digest(source.identity.encode())
    taken = _taken(target)
    if taken is None:
        if any(target.list(limit=1)):
            raise RegistryError(f"{target.url} is not empty, and no backup: give an empty folder or prefix")
        taken = Taken(source=identity, begun=clock())
        target.put(TAKEN, dump(taken))
    ahead = records_ahead(source, target)
    require_earlier(source, target, [key for key in ahead if key.startswith(ALIASES)])
    tags = dict(taken.tags) if taken.source == identity else {}
    begun = clock()
    with writing(target, clock):
        copied = _copy(source, target, tags, scratch, on_bytes, ahead)
        told = copied.faults
        taken = Taken(source=identity, begun=begun, ended=clock(), faults=len(told), named=told, tags=tags)
        target.put(TAKEN, dump(taken))
    return copied


def restore_store(
    source: Store,
    target: Store,
    *,
    scratch: Path,
    resume: bool = False,
    on_bytes: Callable[[int, int], object] = ignore_bytes,
) -> Copied:
    """Copy a backup, or any store, into an empty one; with `resume`, into one where that was interrupted.

    Raises RegistryError if `source` has no production or `target` is not empty, StoreError if `target` cannot
    keep two writers apart.
    """
    require_apart(source, target)
    if not Registry(source).log().length():
        raise RegistryError(
            f"{source.url} has no production: it is no backup, or one that was never finished; give another"
        )
    taken = _taken(source)
    if taken and not taken.ended:
        raise RegistryError(
            f"the first backup into {source.url} was never finished: run `techner backup` again"
        )
    if resume:
        require_earlier(source, target, records_ahead(source, target))
    elif any(target.list(limit=1)):
        raise RegistryError(
            f"{target.url} is not empty: let TECHNER_STORE name an empty folder or prefix; add --resume only "
            "if a restore into it was interrupted"
        )
    require_create_only(target)
    copied = _copy(source, target, {}, scratch, on_bytes)
    return replace(copied, faults=(*copied.faults, *_left_out(source, taken, copied.faults)))


def _left_out(backup: Store, taken: Taken | None, named: Iterable[Damage]) -> Iterator[Damage]:
    """Yield what a backup lacks, according to itself."""
    if taken is None:
        return
    known = {(fault.where, fault.what) for fault in named}
    for fault in taken.named:
        # Then it is the store that had lost it.
        is_held = any(backup.list(f"{fault.where}/{fault.what}", limit=1))
        if (fault.where, fault.what) not in known and not is_held:
            yield replace(fault, detail=f"not in the backup: {fault.detail}")
    if taken.faults and not taken.named:
        detail = f"the last run could not copy {taken.faults} things, and did not write down which"
        yield Damage(where="backup", what=TAKEN, detail=detail)


def _copy(
    source: Store,
    target: Store,
    tags: dict[str, str],
    scratch: Path,
    on_bytes: Callable[[int, int], object],
    ahead: Iterable[str] = (),
) -> Copied:
    objects = size_bytes = there = 0
    faults: tuple[Damage, ...] = ()
    for number in range(PASSES):
        progress = _Progress(on_bytes)
        copier = Copier(source=source, target=target, scratch=scratch, tags=tags, on_bytes=progress.add)
        there = there if number else len(copier.there)
        snapshot = take_snapshot(source, copier.is_current)
        progress.total = _size_of_new(copier, snapshot)
        copier.faults += [*snapshot.faults, *map(told_ahead, ahead)]
        copy_files(copier, snapshot)
        copy_logs(copier, snapshot)
        objects, size_bytes = objects + copier.objects, size_bytes + copier.size_bytes
        faults = tuple(copier.faults)
        if not faults:
            break
    return Copied(objects=objects, size_bytes=size_bytes, there=there, faults=faults)


class _Progress:
    """Adds up what several threads have done."""

    def __init__(self, on_bytes: Callable[[int, int], object]) -> None:
        self._on_bytes, self.done, self.total = on_bytes, 0, 0

    def add(self, size_bytes: int) -> None:
        self.done += size_bytes
        self._on_bytes(self.done, self.total)


def _size_of_new(copier: Copier, snapshot: Snapshot) -> int:
    entries = (entry for listed in snapshot.listed.values() for entry in listed)
    return sum(entry.size_bytes for entry in entries if not copier.is_current(entry))


def _taken(target: Store) -> Taken | None:
    try:
        return parse(Taken, target.get(TAKEN), where=TAKEN)
    except ObjectMissing:
        return None
    except IntegrityError:  # it only saves work: without its tags, everything is compared again
        return Taken(source="", begun=_UNKNOWN, ended=_UNKNOWN)
