"""`gc`: remove versions that nothing needs, and the blobs that only they hold (ADR 15)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from techner.core.errors import IntegrityError, ObjectExists, RegistryError, Untrusted
from techner.core.records import RunOutcome
from techner.core.run_documents import Plan
from techner.documents import dump, plain
from techner.operate.leftovers import keys_of, leftovers, read_json, stale_probes
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.trust import signature_key
from techner.registry.versions import manifest_key
from techner.runs.completion import decision_on
from techner.runs.documents import RunDocuments
from techner.runs.judgements import Word, without_verdict, write_down
from techner.runs.reservation import CONDEMNED, Condemned, condemned
from techner.store import Store

KEEP_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What a collection removes, or would remove."""

    versions: tuple[str, ...]
    runs: tuple[str, ...]
    """Decided or overtaken runs, whose documents are removed."""
    blobs: dict[str, int]
    """SHA-256 → bytes."""
    probes: tuple[str, ...]
    """Scratch keys of killed processes."""
    undecided: tuple[str, ...]
    """Undecided runs, which are kept with all that they use."""

    @property
    def size_bytes(self) -> int:
        return sum(self.blobs.values())

    def and_still(self, again: "Collection") -> "Collection":
        """Return what is superfluous in both plans."""
        return Collection(
            versions=tuple(name for name in self.versions if name in again.versions),
            runs=tuple(run for run in self.runs if run in again.runs),
            blobs={sha: size for sha, size in self.blobs.items() if sha in again.blobs},
            probes=self.probes,
            undecided=again.undecided,
        )


def plan_collection(
    store: Store, *, now: datetime, keep_days: int = KEEP_DAYS, is_backup: bool = False
) -> Collection:
    """Return what nothing needs; of a backup, what needs no record in its logs, which are the store's own.

    Kept are the versions that aliases name (a pin is an alias) with their parents, the versions that aliases
    named within `keep_days`, the origin, everything that undecided or recently decided runs use, and every
    report. Raises NotInitialised without a production, and IntegrityError for a document that cannot be read:
    what it needs is unknown.
    """
    Registry(store).production()  # without one, `init` may be under way: all blobs would look superfluous
    since = now - timedelta(days=keep_days)
    blobs = {entry.key.rpartition("/")[2]: entry.size_bytes for entry in store.list("blobs/sha256/")}
    names = dict.fromkeys(entry.key.split("/")[1] for entry in store.list("versions/"))
    # Runs before aliases: a reservation that is seen here is kept until an alias names its version.
    left = leftovers(store, now=now, since=since)
    if is_backup:  # it is for the store to end a run
        left = replace(left, overtaken=frozenset(), undecided=left.undecided | left.overtaken)
    named = _named(store, since)
    every = {name: Registry(store).manifest(name) for name in Registry(store).versions()}
    kept = named | left.versions() | {name for name, manifest in every.items() if not manifest.origin}
    reports = {entry.key: store.get(entry.key) for entry in store.list("judgements/")}
    read = [read_json(data, where=key) for key, data in (left.working | reports).items()]
    read += [plain(every[name]) for name in kept & every.keys()]
    needed = {sha256 for document in read for sha256 in digests_in(document)}
    return Collection(
        # All names: if a writer was killed before it wrote the manifest, there is only a signature.
        versions=tuple(name for name in names if name not in kept),
        runs=tuple(sorted(left.superfluous)),
        blobs={sha256: size for sha256, size in blobs.items() if sha256 not in needed},
        probes=stale_probes(store, now),
        undecided=tuple(sorted(left.undecided)),
    )


def collect(store: Store, word: Word, *, keep_days: int = KEEP_DAYS, resume: bool = False) -> Collection:
    """Remove what `plan_collection` returns; safe while runs, promotions and rollbacks go on.

    Raises RegistryError if another collection is under way, or was interrupted and `resume` is not set, and
    what `plan_collection` raises.
    """
    plan = plan_collection(store, now=word.when, keep_days=keep_days)
    if resume:
        store.delete(CONDEMNED)
    condemn(store, plan, word)
    # Plan again now that our record is written: we see earlier writers, and later ones see the record.
    doomed = plan.and_still(plan_collection(store, now=word.when, keep_days=keep_days))
    for run in doomed.runs:
        _write_down(RunDocuments(store=store, id=run), word)
    remove(store, doomed)
    store.delete(CONDEMNED)
    return doomed


def remove(store: Store, doomed: Collection) -> None:
    """Remove what was condemned, and found superfluous again."""
    for name in doomed.versions:
        store.delete(manifest_key(name))  # first: without it the version does not exist, so it is never torn
        store.delete(signature_key(name))
    for key in (*map(blob_key, doomed.blobs), *keys_of(store, doomed.runs), *doomed.probes):
        store.delete(key)


def _write_down(run: RunDocuments, word: Word) -> None:
    """Record a run that ends here undecided, so that its report stays and its end is known."""
    try:
        plan = run.find(Plan)
    except IntegrityError:  # settings that are refused today: the run cannot go on
        return
    if plan and decision_on(run, plan) is None:
        reason = f"never decided, and production moved on from {plan.production} ({word.who})"
        write_down(
            run, plan, without_verdict(run, plan, outcome=RunOutcome.ABANDONED, reason=reason, when=word.when)
        )


def condemn(store: Store, plan: Collection, word: Word) -> None:
    """Write down what is to be removed; raises RegistryError if another collection is under way."""
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
        raise RegistryError(_under_way(store)) from error


def _under_way(store: Store) -> str:
    go_on = "add --resume only if it was interrupted"
    try:
        other = condemned(store)
    except Untrusted as error:
        return f"a collection is under way, and {error.what} is {error.why}: find out who wrote it; {go_on}"
    who, when = (other.who, other.when) if other else ("somebody", "just now")
    return f"a collection by {who} has been under way since {when}; {go_on}"


def _named(store: Store, since: datetime) -> set[str]:
    """Return the versions that aliases name, their parents, and what aliases have named since then."""
    named: set[str] = set()
    for alias in Registry(store).aliases():
        for place, (_, record) in enumerate(Registry(store).log(alias).records()):
            named.add(record.version)
            if place == 0 and (parent := Registry(store).manifest_of(record).parent):
                named.add(parent)  # where a rollback goes, whatever its age
            if record.when < since:  # what was live when the period to keep began
                break
    return named


def digests_in(value: Any) -> Iterator[str]:
    """Yield the digest of every file entry, however deep in a document."""
    if isinstance(value, dict):
        if isinstance(sha := value.get("sha256"), str):
            yield sha
        for inner in value.values():
            yield from digests_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from digests_in(inner)
