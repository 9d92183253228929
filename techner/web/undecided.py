"""Runs that have begun and are not decided: what runs now, and what waits for a person."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.examples import digest
from techner.core.records import Decision
from techner.core.redact import shown
from techner.core.run_documents import Candidate, Corpus, Evaluation, Judged, Plan, Progress
from techner.core.verdict import Verdict
from techner.documents import parse
from techner.runs.answers import asks
from techner.runs.documents import NAMES, PROGRESS, RUNS
from techner.runs.ending_log import RUN_WORDS
from techner.store import Store
from techner.web.reading import Reading

log = logging.getLogger(__name__)
MOST = 5
"""Undecided runs on a page: two or three requests each."""
FOLLOWING = (
    (NAMES[Evaluation], "judge", "the gate compares the scores"),
    (NAMES[Candidate], "evaluate", "candidate, production and origin read the frozen sets"),
    (NAMES[Corpus], "uptrain", "the candidate is trained"),
    (NAMES[Plan], "admit", "batches are examined and put together"),
)
"""What a run has written last, the task that follows, and what that does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingView:
    """How far a training was when it was last heard of."""

    epoch: int
    """The one under way, from 1 on."""
    epochs: int
    minutes_left: int | None
    """From now on, at most; None while there is no telling."""
    heard: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    id: str
    task: str
    doing: str
    batches: tuple[str, ...] = ()
    """Names."""
    verdict: Verdict | None = None
    said: Decision | None = None
    """A person's answer, or the end that began."""
    dry_run: bool = False
    training: TrainingView | None = None

    @property
    def is_question(self) -> bool:
        """Whether the gate waits for a person."""
        return self.verdict is not None and self.said is None and asks(self.verdict, dry_run=self.dry_run)

    def is_stuck(self, now: datetime, late: timedelta) -> bool:
        """Tell whether an answer was given and nothing came of it for so long."""
        return self.said is not None and now - self.said.when > late


def undecided(here: Reading) -> tuple[Undecided, ...]:
    """Return the runs that have begun and are not decided, at most `MOST`: first those with a verdict.

    A question must not be hidden by runs that were stopped. `here.begun` has all of them.
    """
    order = sorted(here.begun, key=lambda run: NAMES[Judged] not in here.runs[run])
    return tuple(_undecided(here, run, here.runs[run]) for run in order[:MOST])


def _undecided(here: Reading, run: str, has: Collection[str]) -> Undecided:
    try:
        return _told(here, run, has)
    except IntegrityError as error:  # a damaged document must not hide the others
        return Undecided(id=run, task="damaged", doing=str(error))


def _told(here: Reading, run: str, has: Collection[str]) -> Undecided:
    plan = _read(here, f"{RUNS}{run}/{NAMES[Plan]}")
    planned = parse(Plan, plan, where=run) if plan else None
    batches = tuple(batch.name for batch in planned.batches) if planned else ()
    data = _read(here, f"{RUNS}{run}/{NAMES[Judged]}") if NAMES[Judged] in has else None
    if data is None:
        task, doing = following(has)
        training = training_of(here.store, run, has, here.now)
        return Undecided(id=run, task=task, doing=doing, batches=batches, training=training)
    return Undecided(
        id=run,
        task="publish or reject",
        doing="the verdict is carried out",
        batches=batches,
        verdict=parse(Judged, data, where=run).verdict,
        said=_said(here, run, data),
        dry_run=bool(planned and planned.dry_run),
    )


def following(has: Collection[str]) -> tuple[str, str]:
    """Return the task of a run that follows on the documents that it has, and what that does."""
    return next(((task, doing) for name, task, doing in FOLLOWING if name in has), ("plan", "it is planned"))


def training_of(store: Store, run: str, has: Collection[str], now: datetime) -> TrainingView | None:
    """Return how far the training of a run is; None where none is under way, or none was heard of."""
    if PROGRESS not in has or NAMES[Candidate] in has:
        return None
    key = f"{RUNS}{run}/{PROGRESS}"
    try:
        told = parse(Progress, store.get(key), where=key)
    except (ObjectMissing, IntegrityError) as error:  # the training has just ended, or the word is damaged
        log.info("not known how far the training of %s is: %s", shown(run), shown(str(error)))
        return None
    left = told.minutes_left
    if left is not None:
        left = ceil(max(left - (now - told.when).total_seconds() / 60, 0))
    return TrainingView(
        epoch=min(told.epoch + 1, told.epochs), epochs=told.epochs, minutes_left=left, heard=told.when
    )


def _said(here: Reading, run: str, verdict: bytes) -> Decision | None:
    """Return the newest word on this verdict; an untrusted one is none."""
    entries = here.decided.get(RUN_WORDS + digest(run.encode() + b"\n" + verdict), [])
    return next(iter(here.decisions(entries[:1]).values()), None)


def _read(here: Reading, key: str) -> bytes | None:
    try:
        return here.store.get(key)
    except ObjectMissing:
        return None
