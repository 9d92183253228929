"""What the page shows, read from the store in one pass."""

from dataclasses import dataclass
from pathlib import Path

from techner.core.errors import NotInitialised
from techner.core.manifest import Manifest
from techner.core.policy import Policies
from techner.core.records import Generation, Judgement
from techner.inbox.deliveries import Ignored
from techner.inbox.survey import BatchState, survey_all
from techner.registry import Registry
from techner.registry.log import LogEntry
from techner.runs.completion import untold
from techner.runs.judgements import judgements
from techner.store import Store

SHOWN = 20
"""Moves and runs on the page; the command line shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    manifest: Manifest
    moves: tuple[LogEntry[Generation], ...]
    """Of `production`, newest first; never empty."""
    runs: tuple[Judgement, ...]
    """Newest first, without those whose signature is not trusted."""
    unsigned_runs: int
    """How many are left out for that."""
    deliveries: tuple[BatchState, ...]
    ignored: tuple[Ignored, ...]
    """Other files in the inbox, and why they are not read."""

    @property
    def move(self) -> Generation:
        """The current move."""
        return self.moves[0].record

    @property
    def last_run(self) -> Judgement | None:
        """The last run that the gate judged: skipped and abandoned ones say nothing about the model."""
        return next((run for run in self.runs if run.verdict.checks), None)


def overview(store: Store, policies: Policies, *, cache: Path) -> Overview:
    """Read all that the page shows; raises NotInitialised if the store has no origin."""
    moves = tuple(Registry(store).log().records(limit=SHOWN))
    if not moves:
        raise NotInitialised(store.url)
    judged = [record for _, record in judgements(store).believed(limit=SHOWN)]
    told = [record for record in judged if record]
    runs = (*untold(store, told, (move for _, move in moves)), *told)[:SHOWN]
    found = survey_all(store, policies, cache=cache)
    return Overview(
        manifest=Registry(store).manifest(moves[0].record.version),
        moves=moves,
        runs=runs,
        unsigned_runs=judged.count(None),
        deliveries=found.batches,
        ignored=found.ignored,
    )
