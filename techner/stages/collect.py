"""`gc`: remove versions that nothing needs any more, and the blobs that only they held (ADR 15)."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from techner.core.errors import IntegrityError, ObjectExists, ObjectMissing, RegistryError
from techner.documents import dump, parse, plain
from techner.registry.aliases import alias_log, alias_names, manifest_of, production
from techner.registry.blobs import blob_key
from techner.registry.trust import signature_key
from techner.registry.versions import manifest_key, read_manifest, versions
from techner.stages.judgements import Word, judgements
from techner.stages.reserve import CONDEMNED, RESERVED, Condemned, Reserved, condemned
from techner.store import Store

KEEP_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What a collection removes, or would."""

    versions: tuple[str, ...]
    runs: tuple[str, ...]
    """Decided ones, whose working documents go."""
    blobs: dict[str, int]
    """SHA-256 → bytes."""

    @property
    def size_bytes(self) -> int:
        return sum(self.blobs.values())


def plan_collection(store: Store, *, now: datetime, keep_days: int = KEEP_DAYS) -> Collection:
    """Say what nothing needs. What cannot be read raises: then nothing is known to be superfluous.

    Kept are: what any alias names (a pin is an alias) and its parent, what one named within `keep_days`, the
    origin, all that a run works with that is not decided, or only lately, and every report.
    """
    production(store)  # without one an origin may be on its way: all blobs would look superfluous
    since = now - timedelta(days=keep_days)
    blobs = {entry.key.rpartition("/")[2]: entry.size_bytes for entry in store.list("blobs/sha256/")}
    # Runs before aliases: what is reserved when a run is read stays so until an alias names it.
    documents = _run_documents(store)
    decided = {record.id for _, record in judgements(store).records() if record.when < since}
    runs = decided & {key.split("/")[1] for key in documents}
    working = {key: data for key, data in documents.items() if key.split("/")[1] not in runs}
    named = _named(store, since)
    every = {name: read_manifest(store, name) for name in versions(store)}
    kept = named | _worked_with(working) | {name for name, manifest in every.items() if not manifest.origin}
    reports = {entry.key: store.get(entry.key) for entry in store.list("judgements/")}
    read = [_json(data, where=key) for key, data in (working | reports).items()]
    read += [plain(every[name]) for name in kept & every.keys()]
    needed = {sha256 for document in read for sha256 in _digests(document)}
    return Collection(
        versions=tuple(name for name in every if name not in kept),
        runs=tuple(sorted(runs)),
        blobs={sha256: size for sha256, size in blobs.items() if sha256 not in needed},
    )


def collect(store: Store, word: Word, *, keep_days: int = KEEP_DAYS, resume: bool = False) -> Collection:
    """Remove what `plan_collection` names; safe beside runs, promotions and rollbacks.

    Raises RegistryError where another collection is under way, or was interrupted and `resume` is not set.
    """
    plan = plan_collection(store, now=word.when, keep_days=keep_days)
    if resume:
        store.delete(CONDEMNED)
    _condemn(store, plan, word)
    # Looked at again after our word is out: whoever came before it is seen, whoever comes after sees it.
    again = plan_collection(store, now=word.when, keep_days=keep_days)
    doomed = Collection(
        versions=tuple(name for name in plan.versions if name in again.versions),
        runs=tuple(run for run in plan.runs if run in again.runs),
        blobs={sha: size for sha, size in plan.blobs.items() if sha in again.blobs},
    )
    for name in doomed.versions:
        store.delete(manifest_key(name))  # first: without it the version does not exist, so it is never torn
        store.delete(signature_key(name))
    for sha in doomed.blobs:
        store.delete(blob_key(sha))
    for run in doomed.runs:
        for entry in list(store.list(f"runs/{run}/")):
            store.delete(entry.key)
    store.delete(CONDEMNED)
    return doomed


def _condemn(store: Store, plan: Collection, word: Word) -> None:
    record = Condemned(
        who=word.who,
        when=word.when.isoformat(timespec="seconds"),
        versions=plan.versions,
        runs=plan.runs,
        blobs=tuple(plan.blobs),
    )
    try:
        store.create(CONDEMNED, dump(record))
    except ObjectExists as error:
        other = condemned(store)
        raise RegistryError(
            f"a collection of {other.who if other else 'somebody'} is under way since "
            f"{other.when if other else 'just now'}; where it was interrupted, and only there, add --resume"
        ) from error


def _named(store: Store, since: datetime) -> set[str]:
    """Return what aliases name, the parents of that, and what they named since then."""
    named: set[str] = set()
    for alias in alias_names(store):
        for place, (_, record) in enumerate(alias_log(store, alias).records()):
            named.add(record.version)
            if place == 0 and (parent := manifest_of(store, record).parent):
                named.add(parent)  # where a rollback goes, whatever its age
            if record.when < since:  # what was live when the time to keep began
                break
    return named


def _worked_with(documents: dict[str, bytes]) -> set[str]:
    """Return the versions that undecided runs read, or are about to promote."""
    found: set[str] = set()
    for key, data in documents.items():
        if key.endswith("/plan.json"):
            # Of the plan as it lies there: settings of it that are refused today must not stop collections.
            plan = _json(data, where=key)
            found |= {plan["production"], plan["origin"]}
        elif key.endswith(f"/{RESERVED}"):
            found.add(parse(Reserved, data, where=key).version)
    return found


def _run_documents(store: Store) -> dict[str, bytes]:
    found = {}
    for entry in store.list("runs/"):
        if entry.key.endswith(".json"):
            with suppress(ObjectMissing):  # a reservation that has just ended
                found[entry.key] = store.get(entry.key)
    return found


def _json(data: bytes, *, where: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise IntegrityError(
            f"{where} is no JSON: nothing is collected until it was looked at, and mended or removed"
        ) from error


def _digests(value: Any) -> Iterator[str]:
    """Yield the digest of every file entry, however deep in a document."""
    if isinstance(value, dict):
        if isinstance(sha := value.get("sha256"), str):
            yield sha
        for inner in value.values():
            yield from _digests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner)
