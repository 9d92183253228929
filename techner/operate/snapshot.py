"""What of a store is copied, in which order, and how a store that is in use is looked at (ADR 45)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.records import Generation
from techner.core.run_documents import Reserved
from techner.documents import parse
from techner.inbox.deliveries import INBOX
from techner.registry import Registry
from techner.registry.trust import SIGNATURE
from techner.registry.verify import Damage
from techner.runs.documents import CHECKPOINT, RUNS, is_of_kind, run_of
from techner.store import Store
from techner.store.base import Stored

BLOBS, REFERENCE, BATCHES, VERSIONS = "blobs/", "reference/", "batches/", "versions/"
DECISIONS, ALIASES, JUDGEMENTS = "decisions/", "aliases/", "judgements/"
COPIED = (BLOBS, REFERENCE, INBOX, BATCHES, VERSIONS, RUNS, DECISIONS, ALIASES, JUDGEMENTS)
"""In the order of writing: no object refers to a later place. They are listed in the opposite order."""
LOGS = (DECISIONS, ALIASES, JUDGEMENTS)
NOT_COPIED = ("gc/", "index/", "probe/")
"""What belongs to a process that is under way, or is made again."""
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a store held at one time; what its objects refer to is in it too, unless `gc` removed it since."""

    listed: Mapping[str, tuple[Stored, ...]]
    """Place → objects."""
    documents: Mapping[str, bytes]
    """Of what changes, the bytes at that time."""
    faults: tuple[Damage, ...]

    def groups(self, place: str) -> list[tuple[Stored, ...]]:
        """Return the objects that belong together, each group in the order of writing."""
        found: dict[str, list[Stored]] = {}
        for entry in self.listed[place]:
            alone = place in (BLOBS, INBOX)
            found.setdefault(entry.key if alone else entry.key.rpartition("/")[0], []).append(entry)
        if place in LOGS:  # keys count down: the oldest record first, so that no log has a gap
            return [
                tuple(sorted(group, key=lambda entry: entry.key, reverse=True)) for group in found.values()
            ]
        return [tuple(sorted(group, key=_rank)) for group in found.values()]


def take_snapshot(store: Store, is_known: Callable[[Stored], bool]) -> Snapshot:
    """List a store that may be in use, what refers to something before that; read what changes and is new.

    Objects for which `is_known` are not read.
    """
    early = {entry.key.split("/")[1] for entry in store.list(VERSIONS)}
    listed = {JUDGEMENTS: tuple(store.list(JUDGEMENTS))}
    # One by one: the cache compares each log with what it has seen of it (ADR 19).
    listed[ALIASES] = tuple(
        entry for alias in Registry(store).aliases() for entry in store.list(f"{ALIASES}{alias}/")
    )
    generations = dict(_generations(store, (entry for entry in listed[ALIASES] if not is_known(entry))))
    listed[DECISIONS] = tuple(store.list(DECISIONS))
    listed[RUNS], documents, faults = _runs(store, is_known)
    # A version that a night has made since is not named by the moves above: it is for the next copy.
    named = early | {parse(Generation, data, where=key).version for key, data in generations.items()}
    listed[VERSIONS] = tuple(entry for entry in store.list(VERSIONS) if entry.key.split("/")[1] in named)
    for place in (BATCHES, INBOX, REFERENCE, BLOBS):
        listed[place] = tuple(store.list(place))
    return Snapshot(listed=listed, documents=documents | generations, faults=faults)


def is_of_process(key: str) -> bool:
    """Tell whether a key below `runs/` is of a process that is under way: a reservation, a checkpoint."""
    key = key.removesuffix(SIGNATURE)
    return is_of_kind(key, Reserved) or key.endswith(f"/{CHECKPOINT}")


def _generations(store: Store, entries: Iterable[Stored]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        with suppress(IntegrityError, ObjectMissing):  # named when the log is copied
            data = store.get(entry.key)
            parse(Generation, data, where=entry.key)
            yield entry.key, data


def _runs(
    store: Store, is_known: Callable[[Stored], bool]
) -> tuple[tuple[Stored, ...], dict[str, bytes], tuple[Damage, ...]]:
    """Read the documents of each run as they were at one moment; they may be overwritten at any time."""
    read: dict[Stored, bytes] = {}
    faults: dict[str, Damage] = {}
    before: dict[str, set[Stored]] = {}
    for _ in range(_TRIES):
        before, faults = _by_run(store), {}
        for run, entries in before.items():
            for entry in entries - read.keys():
                try:
                    if not is_known(entry):
                        read[entry] = store.get(entry.key)
                except ObjectMissing:  # the second list shows it
                    continue
                except IntegrityError as error:
                    faults[run] = Damage(where="runs", what=entry.key, detail=str(error))
        after = _by_run(store)
        if before == after:
            break
    else:
        for run in before.keys() & after.keys():
            if before[run] != after[run]:
                detail = "was written to whenever it was read: back up again"
                faults.setdefault(run, Damage(where="runs", what=run, detail=detail))
    settled = [entry for run, entries in before.items() if run not in faults for entry in entries]
    documents = {entry.key: read[entry] for entry in settled if entry in read}
    return tuple(settled), documents, tuple(faults.values())


def _by_run(store: Store) -> dict[str, set[Stored]]:
    found: dict[str, set[Stored]] = {}
    for entry in store.list(RUNS):
        if not is_of_process(entry.key):
            found.setdefault(run_of(entry.key), set()).add(entry)
    return found


def _rank(entry: Stored) -> tuple[int, str]:
    """Order a group: signatures first, last the file that makes the group exist."""
    name = entry.key.rpartition("/")[2]
    if name.endswith(SIGNATURE):
        return 0, entry.key
    return (2 if name in ("report.json", "manifest.json", "about.json") else 1), entry.key
