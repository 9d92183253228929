"""The page of a run: its verdict, what a person said, and a form where the gate asks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from markupsafe import Markup
from pydantic import BaseModel

from techner.core.errors import RegistryError
from techner.core.records import RunEnd
from techner.reports.entities import label_colours, marked
from techner.runs.answers import NEEDS_REASON, answer
from techner.runs.documents import RunDocuments
from techner.runs.ending_log import question_name
from techner.runs.judgements import Word
from techner.runs.report import told_report
from techner.store import Store
from techner.web.access import NO_TEXTS, Answering, Visitor, visitor_of
from techner.web.begun import look_at_begun, may_be_run
from techner.web.changes_view import COLUMNS, view_changes
from techner.web.curve import curves, kept_epoch
from techner.web.forms import MAX_REASON, fault_of_reason, has_token, make_token, read_form
from techner.web.pages import REPORT_HEADERS, RUN_HEADERS, html
from techner.web.reading import Reading
from techner.web.run_view import RunView, look
from techner.web.scheduler import Scheduler, Starting, scheduler_of


class Choice(BaseModel):
    """What a link on the page chooses: the stored report, or some sentences of what was lost and gained."""

    report: bool = False
    label: str = ""
    part: str = ""
    kind: str = ""


def make_run_pages(
    reading: Callable[[], Reading],
    answering: Answering | None,
    starting: Starting | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the page of a run, and what takes its form."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    Runs = Annotated[Scheduler | None, Depends(scheduler_of(starting))]  # noqa: N806 - a type
    person: Callable[..., str | None] = answering.person if answering else lambda: None
    secret: Callable[[], bytes] = answering.secret if answering else lambda: b""
    visitor = visitor_of(answering)
    page = partial(_page, secret=secret)

    @pages.head("/run/{run_id:path}")
    @pages.get("/run/{run_id:path}")
    def show(
        run_id: str,
        who: Annotated[str | None, Depends(person)],
        asks: Annotated[Visitor, Depends(visitor)],
        runs: Runs,
        choice: Annotated[Choice, Query()],
    ) -> HTMLResponse:
        if choice.report and not asks.may_read:
            raise HTTPException(403, NO_TEXTS)
        here = reading()
        if choice.report:
            report = told_report(here.store, run_id, skip=here.is_of_another(run_id))
            return HTMLResponse(report, headers=REPORT_HEADERS)
        return page(here, run_id, who, asks, runs, choice=choice)

    @pages.post("/run/{run_id:path}")
    def take(
        run_id: str,
        who: Annotated[str | None, Depends(person)],
        asks: Annotated[Visitor, Depends(visitor)],
        runs: Runs,
        form: Annotated[dict[str, str], Depends(read_form)],
    ) -> Response:
        here = reading()
        if who is None:
            return page(here, run_id, who, asks, runs, status=403, error="You may look, but not answer.")
        if refused := _keep(here, run_id, who, form, secret()):
            status, error = refused
            return page(here, run_id, who, asks, runs, status=status, error=error, why=form.get("why", ""))
        return Response(status_code=303, headers={"Location": "?"})  # the same page, to be got

    return pages


def _page(
    here: Reading,
    run_id: str,
    who: str | None,
    asks: Visitor,
    runs: Scheduler | None,
    *,
    secret: Callable[[], bytes],
    **told: Any,
) -> HTMLResponse:
    try:
        view = look(here, run_id)
    except RegistryError:
        if begun := _begun(here, run_id, runs, status=told.get("status", 200)):
            return begun
        raise
    token = _token(here.store, run_id, who, secret()) if who and view.is_open else None
    shown: dict[str, Any] = {"error": "", "why": "", "token": token, "max_reason": MAX_REASON}
    shown |= {"texts": asks.may_read} | told
    if runs and (address := runs.address(run_id)):
        shown |= {"address": address, "times": runs.times(run_id)}
    return _show(view, shown)


def _begun(here: Reading, run_id: str, runs: Scheduler | None, *, status: int) -> HTMLResponse | None:
    """Return the page of a run without a verdict; None if neither the store nor the scheduler knows it."""
    if not may_be_run(run_id):
        return None
    begun, known = look_at_begun(here.store, run_id, here.now), None
    if runs and (address := runs.address(run_id)):
        known = {"address": address, "state": runs.state(run_id), "times": runs.times(run_id)}
    if begun is None and known is None:
        return None
    return html("begun.html", status=status, id=run_id, run=begun, known=known)


def _show(view: RunView, told: Mapping[str, Any]) -> HTMLResponse:
    choice = told.get("choice") or Choice()
    colours = label_colours(view.changes.shown) if view.changes else {}
    shown: dict[str, Any] = {
        "address": None,
        "times": (),
        "changes": view.changes
        and view_changes(view.changes, label=choice.label, part=choice.part, kind=choice.kind),
        "columns": COLUMNS,
        "curves": curves(view.candidate) if view.candidate else (),
        "kept_epoch": kept_epoch(view.candidate) if view.candidate else None,
        "marked": lambda text, spans: Markup(marked(text, spans, colours)),  # noqa: S704 - escaped there
    }
    return html("run.html", run=view, headers=RUN_HEADERS, **(shown | dict(told)))


def _keep(
    here: Reading, run_id: str, who: str, form: Mapping[str, str], secret: bytes
) -> tuple[int, str] | None:
    """Keep the answer of a form; return the status and what is wrong if it cannot be kept."""
    if not look(here, run_id).is_open:
        return 409, "This question is answered already, or was never asked."
    if error := _fault(form, _token(here.store, run_id, who, secret)):
        return 422, error
    end = RunEnd(form["end"])
    word = Word(who=who, when=here.now, why=form.get("why", "").strip(), approved=end is RunEnd.PUBLISH)
    if word.approved and not word.has_reason:
        return 422, f"{NEEDS_REASON[0].upper()}{NEEDS_REASON[1:]}."
    try:
        answer(RunDocuments(store=here.store, id=run_id), end, word)
    except RegistryError as refused:  # another was faster
        return 409, str(refused)
    return None


def _token(store: Store, run_id: str, who: str, secret: bytes) -> str:
    """Return what only a form of this page holds, for this person and this question."""
    question = question_name(RunDocuments(store=store, id=run_id))
    return make_token(secret, "answer", question, who)


def _fault(form: Mapping[str, str], token: str) -> str:
    """Return what is wrong with the fields of a form, each by itself; the empty string if nothing is."""
    if not has_token(form, token):
        return "This form is of another login, or of an earlier verdict. Read the page, then answer again."
    if form.get("end") not in (RunEnd.PUBLISH, RunEnd.REJECT):
        return "Choose publish or reject."
    return fault_of_reason(form.get("why", ""), is_needed=False)
