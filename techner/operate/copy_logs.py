"""Logs are copied record by record, oldest first: a log in the target never has a gap."""

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.examples import digest
from techner.core.records import Generation
from techner.documents import parse
from techner.operate.copying import Copier, each
from techner.operate.snapshot import ALIASES, DECISIONS, JUDGEMENTS, Snapshot
from techner.registry.names import generation_of
from techner.registry.verify import Damage
from techner.registry.versions import manifest_key, named_manifest
from techner.store.base import Stored


def copy_logs(copier: Copier, snapshot: Snapshot) -> None:
    """Copy decisions, then moves of aliases to versions that are whole in the target, then judgements.

    Raises RegistryError if the target has another record in the place of one.
    """

    def carry_on(group: tuple[Stored, ...]) -> bool:
        return _carry_on(copier, snapshot, group)

    each(carry_on, snapshot.groups(DECISIONS))
    # A judgement says what was promoted: without the move, it would be the trace of one that was removed.
    if all(each(carry_on, snapshot.groups(ALIASES))):
        each(carry_on, snapshot.groups(JUDGEMENTS))


def _carry_on(copier: Copier, snapshot: Snapshot, group: tuple[Stored, ...]) -> bool:
    """Copy what is new of a log; return False if it ends with an older record, because of a fault."""
    place = group[0].key.rpartition("/")[0]
    is_alias = place.startswith(ALIASES)
    last, key = b"", group[-1].key
    try:
        if is_alias:
            _require_whole(copier, snapshot, group[-1])
        for number, entry in enumerate(group, 1):
            key = entry.key
            _require_place(key, number)
            if copier.is_current(entry):
                continue
            data = _read(copier, snapshot, entry)
            if is_alias:
                below = last or (copier.target.get(group[number - 2].key) if number > 1 else b"")
                _require_next(data, key, number, below)
            copier.append(entry, data)
            last = data
    except (IntegrityError, ObjectMissing) as error:
        copier.faults.append(Damage(where=place, what=key.rpartition("/")[2], detail=str(error)))
        return False
    return True


def _read(copier: Copier, snapshot: Snapshot, entry: Stored) -> bytes:
    found = snapshot.documents.get(entry.key)
    return copier.source.get(entry.key) if found is None else found


def _require_place(key: str, number: int) -> None:
    if generation_of(key) != number:
        raise IntegrityError(f"record {number} is missing, or something else lies in its log")


def _require_next(data: bytes, key: str, number: int, last: bytes) -> None:
    move = parse(Generation, data, where=key)
    expected = key.split("/")[1], number, digest(last) if last else None
    if (move.alias, move.number, move.before) != expected:
        raise IntegrityError(f"generation {number} was not made after the one below it")


def _require_whole(copier: Copier, snapshot: Snapshot, newest: Stored) -> None:
    """Raise IntegrityError unless the target has all files of the version that the newest move names."""
    version = parse(Generation, _read(copier, snapshot, newest), where=newest.key).version
    key = manifest_key(version)
    found = key in copier.there and named_manifest(version, copier.target.get(key))
    if not found or copier.missing(found):
        raise IntegrityError(f"it names {version}, which could not be copied whole: the log ends before it")
