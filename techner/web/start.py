"""The page that starts a night: what is wrong with its form is said before a run exists (ADR 36)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import BatchError, IntegrityError, OptionsError, RegistryError
from techner.core.policy import TrainingPolicy
from techner.core.run_documents import Plan
from techner.core.run_options import RunOptions, limits_of, read_options, strategies
from techner.inbox.choice import choose, may_be_named
from techner.runs.documents import RunDocuments
from techner.store import Store
from techner.web.deliveries import BatchRow, deliveries
from techner.web.forms import Fields, has_token, make_token, read_fields
from techner.web.pages import FORM_HEADERS, html
from techner.web.reading import Reading
from techner.web.scheduler import Scheduler, Starting, scheduler_of

KEPT = timedelta(hours=1)
"""How long a form can be sent: by then, batches and settings may be others."""
_RUN = re.compile(r"manual__(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView:
    """What the page shows."""

    batches: tuple[BatchRow, ...]
    """Those that can be ticked."""
    asked: tuple[tuple[BatchRow, str], ...]
    """Those that wait for an answer, each with the run that asks about it."""
    others: int
    """How many cannot."""
    later: int
    """Files of the inbox that are not read here yet."""
    training: TrainingPolicy
    given: Mapping[str, object] = field(default_factory=dict)
    """What was sent, to be corrected."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Sentences by field; under the empty name what is wrong with the whole form."""


def make_start_pages(
    reading: Callable[[], Reading],
    starting: Starting | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the page; without `starting` it says how to start a night elsewhere."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    form = StartForm(reading, starting.secret if starting else lambda: b"")
    Runs = Annotated[Scheduler | None, Depends(scheduler_of(starting))]  # noqa: N806 - a type

    @pages.head("/start")
    @pages.get("/start")
    def show(runs: Runs, run: str = "") -> HTMLResponse:
        # Only what the scheduler knows is said to be started: anybody can make a link to this page.
        is_known = runs is not None and _RUN.fullmatch(run) is not None and runs.address(run) is not None
        return form.show(runs, started=run if is_known else "")

    @pages.post("/start")
    def start(runs: Runs, fields: Annotated[Fields, Depends(read_fields)]) -> Response:
        return form.take(runs, fields)

    return pages


@dataclass(frozen=True, slots=True)
class StartForm:
    """The form, and what is done with it."""

    reading: Callable[[], Reading]
    secret: Callable[[], bytes]

    def show(self, runs: Scheduler | None, status: int = 200, started: str = "", **told: Any) -> HTMLResponse:
        """Return the page; `told` is what was sent, and what is wrong with it."""
        here = self.reading()
        found, asked = deliveries(here), in_question(here.store, runs)
        states = found.rows
        named = tuple(state for state in states if may_be_named(state))
        fit = tuple(state for state in named if state.ref.digest not in asked)
        run_id = f"manual__{datetime.now(UTC).isoformat(timespec='microseconds')}"
        page = html(
            "start.html",
            status=status,
            headers=FORM_HEADERS,
            view=StartView(
                batches=fit,
                asked=tuple((state, asked[state.ref.digest]) for state in named if state.ref.digest in asked),
                others=len(states) - len(named),
                later=found.later,
                training=here.policies.training,
                **told,
            ),
            run_id=run_id,
            in_airflow=runs is not None,
            who=runs.who if runs else None,
            token=self._token(run_id, runs.who) if runs and runs.who else None,
            is_paused=runs.is_paused() if runs and runs.who else None,
            started=started,
            address=runs.address(started) if runs and started else None,
            limits={name: limits_of(name) for name in ("seed", "epochs")},
            strategies=strategies(),
        )
        here.known.save(here.store)
        return page

    def take(self, runs: Scheduler | None, fields: Fields) -> Response:
        """Start the night that was chosen, or return the page with what is wrong."""
        if runs is None or runs.who is None:
            return self.show(runs, 403, problems={"": "You may look, but not start a night."})
        given = _given(fields)
        sent = {name: fields.get(name, [""])[-1] for name in ("run", "token")}
        run_id = sent["run"]
        if error := _fault(run_id, is_ours=has_token(sent, self._token(run_id, runs.who))):
            return self.show(runs, 422, given=given, problems={"": error})
        try:
            runs.start(run_id, self._checked(given, runs).as_conf())
        except OptionsError as refused:
            return self.show(runs, 422, given=given, problems=refused.problems)
        except RegistryError as refused:
            return self.show(runs, 409, given=given, problems={"": str(refused)})
        return Response(status_code=303, headers={"Location": f"?run={run_id.replace('+', '%2B')}"})

    def _checked(self, given: Mapping[str, object], runs: Scheduler) -> RunOptions:
        """Return what was chosen; raises OptionsError, also for batches that cannot be used."""
        options, here = read_options(given), self.reading()
        found = deliveries(here)
        try:
            choose(found.rows, options.batches, in_question(here.store, runs))
        except BatchError as refused:
            if found.later:  # it may be one of those
                raise here.unfinished() from refused
            raise OptionsError({"batches": str(refused)}) from refused
        return options

    def _token(self, run_id: str, who: str) -> str:
        return make_token(self.secret(), "start", run_id, who)


def in_question(store: Store, runs: Scheduler | None) -> dict[str, str]:
    """Return the digests of the batches that wait for an answer, each with the run that asks about it."""
    found: dict[str, str] = {}
    for run_id in (runs.asking() if runs else None) or ():
        try:
            plan = RunDocuments(store=store, id=run_id).find(Plan)
        except IntegrityError:  # `plan` will say so
            continue
        found |= {batch.digest: run_id for batch in (plan.batches if plan else ())}
    return found


def _given(form: Fields) -> dict[str, object]:
    """Return what was chosen, as `read_options` reads it; unknown fields stay, and are refused there."""
    known = {name: values[-1] for name, values in form.items() if name not in ("batches", "run", "token")}
    return known | {"batches": form.get("batches", [])}


def _fault(run_id: str, *, is_ours: bool) -> str:
    """Return what is wrong with the form itself; the empty string if nothing is."""
    made = _RUN.fullmatch(run_id)
    if not is_ours or made is None:
        return "This form is of another login, or was cut. Look at it, then start again."
    if datetime.now(UTC) - datetime.fromisoformat(made[1]) > KEPT:
        return "This form is more than an hour old. Look at it again: batches and settings may be others now."
    return ""
