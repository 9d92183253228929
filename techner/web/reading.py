"""What one request reads: every listing once, documents only where nothing is known of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from techner.core.delivery import BatchRef
from techner.core.errors import NotInitialised, UnknownVersion
from techner.core.examples import digest
from techner.core.manifest import Manifest
from techner.core.nights import NightsPolicy
from techner.core.policy import Policies
from techner.core.records import Decision, Generation
from techner.core.run_documents import Corpus, Plan
from techner.inbox.admissions import admission_namer
from techner.registry import PRODUCTION, Registry
from techner.registry.lineage import learnt
from techner.registry.log import RawEntry
from techner.registry.names import generation_of
from techner.runs.completion import untold
from techner.runs.documents import NAMES, RUNS, run_of
from techner.store import Stored
from techner.web.row_reader import RowReader
from techner.web.rows import Night, VersionRow, night_of

PLAN, CORPUS = NAMES[Plan], NAMES[Corpus]
_DOCUMENTS = frozenset(NAMES.values())
"""Beside them, a training overwrites its checkpoint and its progress after each epoch."""


@dataclass(kw_only=True)
class Reading(RowReader):
    """One look at the store, for one page.

    Raises NotInitialised where it has no origin, and StillReading where it is not known well enough yet.
    """

    policies: Policies
    cache: Path
    answer_hours: float = field(default_factory=lambda: NightsPolicy().answer_hours)
    """How long a question waits in Airflow."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def moved(self) -> tuple[Stored, ...]:
        """The listed moves of `production`, newest first, never empty."""
        entries = tuple(self.store.list(f"aliases/{PRODUCTION}/"))
        if not entries:
            raise NotInitialised(self.store.url)
        return entries

    @cached_property
    def move(self) -> Generation:
        """The newest move of `production`, read from its log."""
        log, key = Registry(self.store).log(), self.moved[0].key
        return log.read(RawEntry(log.generation(key), key, self.store.get(key)))

    @cached_property
    def moves(self) -> tuple[Generation, ...]:
        """The moves of `production`, newest first, never empty."""
        older = self.rows(self.moved[1:], Generation)
        return (self.move, *(move for move in older.values() if move))

    @property
    def live(self) -> str:
        """The version in production."""
        return self.move.version

    @cached_property
    def production(self) -> Manifest:
        return Registry(self.store).manifest_of(self.move)

    @cached_property
    def learnt(self) -> tuple[BatchRef, ...]:
        """All batches that production has learnt, oldest first."""
        return learnt(self.store, self.production)

    @cached_property
    def judged(self) -> tuple[Stored, ...]:
        """The listed records of decided runs, newest first."""
        return tuple(self.store.list("judgements/"))

    @cached_property
    def _judged(self) -> dict[str, Night | None]:
        return self.rows(self.judged, Night)

    @cached_property
    def nights(self) -> tuple[Night, ...]:
        """The decided runs, newest first, without those whose signature is not trusted."""
        told = tuple(night for night in self._judged.values() if night)
        # A run that was killed after the alias had moved is recorded by the next one.
        missing = untold(self.store, {night.version for night in told}, (self.move,))
        return (*map(night_of, missing), *told)

    def is_of_another(self, run_id: str) -> Callable[[Stored], bool]:
        """Return what tells whether a listed record of a decided run is not of this one."""

        def skip(entry: Stored) -> bool:
            night = self.one(entry, Night)
            return night is None or night.id != run_id

        return skip

    @property
    def untrusted_nights(self) -> int:
        return sum(night is None for night in self._judged.values())

    @cached_property
    def manifests(self) -> tuple[Stored, ...]:
        """The listed manifests of versions."""
        return tuple(entry for entry in self.store.list("versions/") if entry.key.endswith("/manifest.json"))

    @cached_property
    def _manifests(self) -> dict[str, Stored]:
        return {entry.key.split("/")[1]: entry for entry in self.manifests}

    @cached_property
    def versions(self) -> dict[str, VersionRow]:
        """The versions that are there, by name, lowest number first."""
        found = self.rows(self.manifests, VersionRow)
        return {key.split("/")[1]: row for key, row in found.items() if row}

    def parent_of(self, version: str) -> str | None:
        """Return the version that a version was made from, None for the origin; raises UnknownVersion."""
        entry = self._manifests.get(version)
        row = self.one(entry, VersionRow) if entry else None
        if row is None:
            raise UnknownVersion(version)
        return row.parent

    @cached_property
    def decided(self) -> dict[str, list[Stored]]:
        """The listed decisions by the name of their log below `decisions/`, newest first."""
        logs: dict[str, list[Stored]] = {}
        for entry in self.store.list("decisions/"):
            if generation_of(entry.key) is not None:
                logs.setdefault(entry.key.split("/")[1], []).append(entry)
        return logs

    @cached_property
    def runs(self) -> dict[str, dict[str, str]]:
        """The runs with documents in the store: their names, each with its change mark."""
        found: dict[str, dict[str, str]] = {}
        for entry in self.store.list(RUNS):
            found.setdefault(run_of(entry.key), {})[entry.key.rpartition("/")[2]] = entry.tag
        return found

    @cached_property
    def admission(self) -> Callable[[BatchRef], str]:
        """Names the examination of a batch under today's settings."""
        return admission_namer(self.policies, self.production)

    @property
    def begun(self) -> list[str]:
        """The runs with a plan and without a judgement, the latest id first.

        A run that is made again under its id counts as decided until the log says otherwise.
        """
        told = {night.id for night in self.nights}
        begun = (run for run, has in self.runs.items() if PLAN in has and run not in told)
        return sorted(begun, reverse=True)

    @cached_property
    def examining(self) -> str | None:
        """A mark that changes before a batch can have been examined; None while a run may be at it."""
        told = next(iter(self._judged), "")
        if any(CORPUS not in self.runs[run] for run in self.begun):
            return None
        there = sorted(
            (run, sorted((name, tag) for name, tag in has.items() if name in _DOCUMENTS))
            for run, has in self.runs.items()
        )
        return digest(f"{told} {there}".encode())

    def decisions(self, entries: Iterable[Stored]) -> dict[str, Decision | None]:
        return self.rows(entries, Decision)

    def line(self) -> list[tuple[int, str]]:
        """Return production and the versions before it, oldest first, each with the batches it has learnt."""
        found, name = [], self.live
        while name and (row := self.versions.get(name)):
            found.append((row.batches, name))
            name = row.parent or ""
        return found[::-1]

    def learnt_by(self, digests: Iterable[str]) -> dict[str, str]:
        """Return which version on production's line was the first to learn each of these batches."""
        line, wanted = self.line(), set(digests)
        counts = [count for count, _ in line]
        places = {batch.digest: at for at, batch in enumerate(self.learnt)}
        found = {}
        for batch in wanted & places.keys():
            at = bisect_right(counts, places[batch])
            if 0 < at < len(line):  # the oldest one that is left may have learnt it, or one before it
                found[batch] = line[at][1]
        return found
