"""Logs are copied record by record, oldest first; what is wrong with one keeps no other from the copy."""

from collections.abc import Sequence
from itertools import takewhile

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.examples import digest
from techner.core.records import Generation, Judgement, RunOutcome
from techner.documents import parse
from techner.operate.copying import Copier, each
from techner.operate.snapshot import ALIASES, DECISIONS, JUDGEMENTS, Snapshot
from techner.registry import Registry
from techner.registry.names import generation_of, record_name
from techner.registry.verify import Damage
from techner.registry.versions import manifest_key, named_manifest
from techner.store.base import Stored


def copy_logs(copier: Copier, snapshot: Snapshot) -> None:
    """Copy decisions, then moves of aliases up to a version that is whole in the target, then judgements.

    A record that is missing or damaged is named, and the others are copied around it.
    """

    def carry_on(group: tuple[Stored, ...]) -> bool:
        return _carry_on(copier, snapshot, group)

    each(carry_on, snapshot.groups(DECISIONS))
    is_whole = all(each(carry_on, snapshot.groups(ALIASES)))
    for group in snapshot.groups(JUDGEMENTS):
        if told := group if is_whole else _told_of(copier, snapshot, group):
            carry_on(told)


def _carry_on(copier: Copier, snapshot: Snapshot, group: tuple[Stored, ...]) -> bool:
    """Copy what is new of a log; return False if the copy ends with an older record."""
    records = [entry for entry in group if generation_of(entry.key)]
    for stranger in set(group) - set(records):
        _name(copier, stranger.key, "is no record: find out who wrote it, and remove it")
    whole = _up_to_whole(copier, snapshot, records) if group[0].key.startswith(ALIASES) else records
    last: Stored | None = None
    for entry in whole:
        _name_gap(copier, last, entry)
        if not copier.is_current(entry):
            try:
                copier.append(entry, _checked(copier, snapshot, entry))
            except (IntegrityError, ObjectMissing) as error:
                _name(copier, entry.key, str(error))
        last = entry
    return not records or records[-1].key in copier.there


def _up_to_whole(copier: Copier, snapshot: Snapshot, records: list[Stored]) -> list[Stored]:
    """Return the moves up to the newest whose version the target holds whole; name those after it."""
    for number in range(len(records), 0, -1):
        try:
            _require_whole(copier, snapshot, records[number - 1])
        except (IntegrityError, ObjectMissing) as error:
            _name(copier, records[number - 1].key, str(error))
        else:
            return records[:number]
    return []


def _checked(copier: Copier, snapshot: Snapshot, entry: Stored) -> bytes:
    """Return a record; raises IntegrityError for a move that does not go on from the one below it."""
    data = _read(copier, snapshot, entry)
    if entry.key.startswith(ALIASES):
        move, number = parse(Generation, data, where=entry.key), generation_of(entry.key) or 0
        if (move.alias, move.number) != (entry.key.split("/")[1], number):
            raise IntegrityError(f"it is a copy of generation {move.number} of {move.alias!r}")
        below = f"{_place([entry])}/{record_name(number - 1)}"
        before = digest(copier.target.get(below)) if number > 1 and below in copier.there else None
        if move.before != before and (before or number == 1):
            raise IntegrityError(f"generation {number} was not made after the one below it: one was altered")
    return data


def _read(copier: Copier, snapshot: Snapshot, entry: Stored) -> bytes:
    found = snapshot.documents.get(entry.key)
    return copier.source.get(entry.key) if found is None else found


def _name_gap(copier: Copier, last: Stored | None, entry: Stored) -> None:
    first = ((generation_of(last.key) if last else 0) or 0) + 1
    for number in range(first, generation_of(entry.key) or 0):
        key = f"{_place([entry])}/{record_name(number)}"
        held = "; it is in the copy, from earlier" if key in copier.there else ""
        _name(copier, key, f"record {number} is missing{held}")


def _name(copier: Copier, key: str, detail: str) -> None:
    place, _, what = key.rpartition("/")
    copier.faults.append(Damage(where=place, what=what, detail=detail))


def _place(group: Sequence[Stored]) -> str:
    return group[0].key.rpartition("/")[0]


def _require_whole(copier: Copier, snapshot: Snapshot, newest: Stored) -> None:
    """Raise IntegrityError unless the target has all files of the version that this move names."""
    version = parse(Generation, _read(copier, snapshot, newest), where=newest.key).version
    key = manifest_key(version)
    found = key in copier.there and named_manifest(version, copier.target.get(key))
    if not found or copier.missing(found):
        raise IntegrityError(f"it names {version}, which could not be copied whole: the log ends before it")


def _told_of(copier: Copier, snapshot: Snapshot, group: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """Return the judgements up to the first that promoted what no alias of the target ever named.

    Without the move, it would be the trace of one that was removed.
    """
    registry = Registry(copier.target)
    named = {
        parse(Generation, stored.data, where=stored.key).version
        for alias in registry.aliases()
        for stored in registry.log(alias).stored()
    }

    def is_told(entry: Stored) -> bool:
        try:
            told = parse(Judgement, _read(copier, snapshot, entry), where=entry.key)
        except (IntegrityError, ObjectMissing):  # named when it is copied
            return True
        return told.outcome is not RunOutcome.PROMOTED or told.version in named

    return tuple(takewhile(is_told, group))
