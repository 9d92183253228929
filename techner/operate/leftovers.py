"""What runs and killed processes leave in the store, and which of it nothing reads (ADR 15)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.records import Judgement
from techner.core.run_documents import Plan, Report, Reserved
from techner.documents import parse
from techner.registry import Registry
from techner.registry.log import PROBE_TIME, PROBES, LogEntry
from techner.runs.documents import RUNS, is_of_kind, run_of
from techner.runs.judgements import judgements
from techner.store import Store

OVERTAKEN = timedelta(days=7)
"""Least time since production moved on, after which a night that was planned on it counts as overtaken."""
PROBE_AGE = timedelta(days=1)
"""A probe lives for seconds: an older one was left by a killed process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """The documents below `runs/`, and the state of their runs."""

    documents: Mapping[str, bytes]
    """Key → JSON."""
    decided: frozenset[str]
    """Runs that were decided before the period to keep began."""
    overtaken: frozenset[str]
    """Runs that can no longer be decided: production moved on long ago from what they were planned on."""
    undecided: frozenset[str]
    """Runs that a person may have to abandon."""

    @property
    def superfluous(self) -> frozenset[str]:
        """The runs whose documents are removed."""
        return self.decided | self.overtaken

    @property
    def working(self) -> dict[str, bytes]:
        """The documents that something may still read, the reports of overtaken runs among them."""
        return {
            key: data
            for key, data in self.documents.items()
            if run_of(key) not in self.superfluous
            or (run_of(key) in self.overtaken and is_of_kind(key, Report))
        }

    def versions(self) -> set[str]:
        """Return the versions that runs read, or are about to promote."""
        found: set[str] = set()
        for key, data in self.working.items():
            if is_of_kind(key, Plan):
                plan = read_json(data, where=key)
                found |= {plan["production"], plan["origin"]}
            elif is_of_kind(key, Reserved):
                found.add(parse(Reserved, data, where=key).version)
        return found


def leftovers(store: Store, *, now: datetime, since: datetime) -> Leftovers:
    """Read what is below `runs/`; raises IntegrityError for a document that cannot be read."""
    documents = dict(_documents(store))
    runs = {run_of(key) for key in documents}
    # Plans are not validated: settings that are refused today must not stop a collection.
    plans = {
        run_of(key): read_json(data, where=key) for key, data in documents.items() if is_of_kind(key, Plan)
    }
    reserved = {run_of(key) for key in documents if is_of_kind(key, Reserved)}
    judged = _judged(store, runs, plans)
    left = _left(store) if plans.keys() - judged.keys() else {}
    bound = min(since, now - OVERTAKEN)
    overtaken = {
        run
        for run, plan in plans.items()
        if run not in judged.keys() | reserved and left.get(plan["production"], now) < bound
    }
    return Leftovers(
        documents=documents,
        decided=frozenset(run for run, when in judged.items() if when < since),
        overtaken=frozenset(overtaken),
        undecided=frozenset(runs - judged.keys() - overtaken),
    )


def stale_probes(store: Store, now: datetime) -> tuple[str, ...]:
    """Return the scratch keys that killed processes left."""
    return tuple(entry.key for entry in store.list(PROBES) if _is_stale(entry.key, now))


def keys_of(store: Store, runs: Iterable[str]) -> list[str]:
    """Return all keys of these runs, with signatures, and none of a run whose id only begins like theirs."""
    chosen = frozenset(runs)
    return [entry.key for entry in store.list(RUNS) if run_of(entry.key) in chosen]


def read_json(data: bytes, *, where: str) -> Any:
    """Read a document without validating it; raises IntegrityError if it is no JSON object."""
    damage = IntegrityError(
        f"{where} is not a JSON object; nothing is collected until you repair or remove it"
    )
    try:
        found = json.loads(data)
    except ValueError as error:
        raise damage from error
    if not isinstance(found, dict):
        raise damage
    return found


def _documents(store: Store) -> Iterator[tuple[str, bytes]]:
    for entry in store.list(RUNS):
        if entry.key.endswith(".json"):
            with suppress(ObjectMissing):  # a reservation that has just ended
                yield entry.key, store.get(entry.key)


def _judged(store: Store, runs: set[str], plans: Mapping[str, Any]) -> dict[str, datetime]:
    """Return when each run was decided; a run that is planned again under its old id is undecided."""
    newest: dict[str, LogEntry[Judgement]] = {}
    for entry in judgements(store).records() if runs else ():
        newest.setdefault(entry.record.id, entry)
    return {
        run: newest[run].record.when
        for run in runs & newest.keys()
        if run not in plans or newest[run].generation > (plans[run].get("judged_before") or 0)
    }


def _left(store: Store) -> dict[str, datetime]:
    """Return when production last moved on from each version that it does not name now."""
    left: dict[str, datetime] = {}
    moved, live = None, None
    for _, move in Registry(store).log().records():
        live = live or move.version
        if moved and move.version != live:
            left.setdefault(move.version, moved)
        moved = move.when
    return left


def _is_stale(key: str, now: datetime) -> bool:
    try:
        made = datetime.strptime(key.removeprefix(PROBES).partition("-")[0], PROBE_TIME).replace(tzinfo=UTC)
    except ValueError:  # made by an older techner, without a time: nothing makes such keys now
        return True
    return made < now - PROBE_AGE
