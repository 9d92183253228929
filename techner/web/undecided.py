"""Runs that have begun and are not decided: what runs now, and what waits for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.examples import digest
from techner.core.records import Decision
from techner.core.run_documents import Evaluation, Judged, Plan
from techner.core.verdict import Verdict
from techner.documents import parse
from techner.runs.answers import asks
from techner.runs.documents import NAMES, RUNS
from techner.runs.ending_log import RUN_WORDS
from techner.web.reading import Reading

MOST = 5
"""Undecided runs on a page: two or three requests each."""
FOLLOWING = (
    ("candidate.json", "evaluate", "candidate, production and origin read the frozen sets"),
    ("corpus.json", "uptrain", "the candidate is trained"),
    ("plan.json", "admit", "batches are examined and put together"),
)
"""What a run has written last, the task that follows, and what that does."""


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


def _undecided(here: Reading, run: str, has: Iterable[str]) -> Undecided:
    try:
        return _told(here, run, has)
    except IntegrityError as error:  # a damaged document must not hide the others
        return Undecided(id=run, task="damaged", doing=str(error))


def _told(here: Reading, run: str, has: Iterable[str]) -> Undecided:
    plan = _read(here, f"{RUNS}{run}/{NAMES[Plan]}")
    planned = parse(Plan, plan, where=run) if plan else None
    batches = tuple(batch.name for batch in planned.batches) if planned else ()
    data = _read(here, f"{RUNS}{run}/{NAMES[Judged]}") if NAMES[Judged] in has else None
    if data is None:
        task, doing = _following(has)
        return Undecided(id=run, task=task, doing=doing, batches=batches)
    return Undecided(
        id=run,
        task="publish or reject",
        doing="the verdict is carried out",
        batches=batches,
        verdict=parse(Judged, data, where=run).verdict,
        said=_said(here, run, data),
        dry_run=bool(planned and planned.dry_run),
    )


def _following(has: Iterable[str]) -> tuple[str, str]:
    if NAMES[Evaluation] in has:
        return "judge", "the gate compares the scores"
    return next(((task, doing) for name, task, doing in FOLLOWING if name in has), ("plan", "it is planned"))


def _said(here: Reading, run: str, verdict: bytes) -> Decision | None:
    """Return the newest word on this verdict; an untrusted one is none."""
    entries = here.decided.get(RUN_WORDS + digest(run.encode() + b"\n" + verdict), [])
    return next(iter(here.decisions(entries[:1]).values()), None)


def _read(here: Reading, key: str) -> bytes | None:
    try:
        return here.store.get(key)
    except ObjectMissing:
        return None
