"""The overview: last night in one sentence, what needs a person, what runs, what is in production."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import StillReading
from techner.core.manifest import Manifest
from techner.core.records import Generation, RunOutcome
from techner.web.access import Visitor
from techner.web.deliveries import IGNORED, Deliveries, deliveries
from techner.web.pages import html, unfinished
from techner.web.reading import Reading
from techner.web.rows import Night
from techner.web.run_view import LATE
from techner.web.scheduler import Scheduler, Starting, scheduler_of
from techner.web.undecided import Undecided, undecided

SHOWN = 30
"""Nights in the line."""
LAST_NIGHT = timedelta(hours=24)
HAPPENED = (RunOutcome.PROMOTED, RunOutcome.REJECTED, RunOutcome.DRY_RUN, RunOutcome.SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for a person."""

    what: str
    why: str
    link: str
    """From the app's root."""
    name: str = ""
    """Of people or systems, such as a run's id."""
    until: datetime | None = None
    """When it is decided without a person; None if it never is, or where that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    manifest: Manifest
    move: Generation
    """The one that made it production."""
    nights: tuple[Night, ...]
    """The last ones, newest first."""
    untrusted_nights: int
    last: Night | None
    """The last run that was judged: a skipped or abandoned one says nothing about the model."""
    is_last_night: bool
    running: tuple[Undecided, ...]
    unread: int
    """How many other runs are not decided, and were not looked at."""
    needs: tuple[Need, ...]
    knows_failures: bool
    """False if the scheduler does not say which nights failed."""
    deliveries: Deliveries


def look_over(here: Reading, runs: Scheduler | None = None) -> Overview:
    """Read all that the overview shows; raises NotInitialised if the store has no origin."""
    manifest, running, found = here.production, undecided(here), deliveries(here)
    last = next((night for night in here.nights if night.is_judged and night.outcome in HAPPENED), None)
    failed = runs.failed() if runs else ()
    waiting = tuple(run for run in running if run.is_question or run.is_stuck(here.now, LATE))
    return Overview(
        manifest=manifest,
        move=here.move,
        nights=here.nights[:SHOWN],
        untrusted_nights=here.untrusted_nights,
        last=last,
        is_last_night=last is not None and here.now - last.when < LAST_NIGHT,
        running=tuple(run for run in running if run not in waiting),
        unread=len(here.begun) - len(running),
        needs=(*_questions(waiting, here, runs), *_failures(failed or ()), *_batches(found)),
        knows_failures=failed is not None,
        deliveries=found,
    )


def _questions(waiting: tuple[Undecided, ...], here: Reading, runs: Scheduler | None) -> Iterator[Need]:
    asked = (runs.asking() if runs and waiting else None) or {}
    for run in waiting:
        link = f"run/{quote(run.id, safe='')}"
        if run.is_stuck(here.now, LATE) and run.said:
            why = f"{run.said.word}, said by {run.said.who}: nothing came of it"
            yield Need(what="Answered, not continued", name=run.id, why=why, link=link)
        elif run.verdict:
            until = asked[run.id] + timedelta(hours=here.answer_hours) if run.id in asked else None
            yield Need(what="The gate asks", name=run.id, why=run.verdict.reason, link=link, until=until)


def _failures(failed: tuple[str, ...]) -> Iterator[Need]:
    """Yield the last night that failed, if none has succeeded since."""
    for run_id in failed[:1]:
        what = "A night failed" if len(failed) == 1 else f"{len(failed)} nights failed, the last one"
        why = "the logs in Airflow say why; batches that it did not publish are due again"
        yield Need(what=what, name=run_id, why=why, link=f"run/{quote(run_id, safe='')}")


def _batches(found: Deliveries) -> Iterator[Need]:
    whys = {
        "held": "kept out since a candidate was rejected or taken back: release or exclude",
        "rejected": "not used: the report says what to correct",
        IGNORED: "in the inbox, and not read as a delivery",
    }
    for state, why in whys.items():
        if number := found.counts.get(state):
            one, many = ("file", "files") if state == IGNORED else ("batch", "batches")
            what = f"{number} {one if number == 1 else many} {state}"
            yield Need(what=what, why=why, link=f"batches?state={state}")


def make_overview(
    reading: Callable[[], Reading],
    visitor: Callable[..., Visitor],
    starting: Starting | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the first page; `starting` knows which nights failed, and when others asked."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    Runs = Annotated[Scheduler | None, Depends(scheduler_of(starting))]  # noqa: N806 - a type

    @pages.head("/")
    @pages.get("/")
    def page(asks: Annotated[Visitor, Depends(visitor)], runs: Runs) -> HTMLResponse:
        here = reading()
        try:
            answer = html("overview.html", overview=look_over(here, runs), asks=asks)
        except StillReading as error:
            return unfinished(error, move=here.move, manifest=here.production, asks=asks)
        here.known.save(here.store)
        return answer

    return pages
