"""The page of a run: its verdict, what a person said, and a form where the gate asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import RegistryError
from techner.core.records import Decision, Judgement, RunEnd
from techner.core.run_documents import Judged
from techner.core.verdict import CheckState, Outcome, Verdict
from techner.registry.blobs import load_bytes
from techner.runs.answers import NEEDS_REASON, answer, answered
from techner.runs.documents import RunDocuments
from techner.runs.ending_log import question_name
from techner.runs.judgements import Word, find_judged
from techner.store import Store
from techner.web.access import NO_TEXTS, Answering, Visitor, visitor_of
from techner.web.forms import MAX_REASON, fault_of_reason, is_token, make_token, read_form
from techner.web.pages import REPORT_HEADERS, RUN_HEADERS, html

LATE = timedelta(minutes=15)
"""After so long, an answer that nothing came of is called stuck; publishing a large model takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What the page shows of a run."""

    id: str
    verdict: Verdict
    judgement: Judgement | None
    """None while the run is undecided."""
    said: Decision | None
    """The answer to the gate's question, as far as the run is undecided."""
    is_late: bool

    @property
    def is_open(self) -> bool:
        """Whether the question stands."""
        return self.verdict.outcome is Outcome.ASK and self.judgement is None and self.said is None

    @property
    def unpassed(self) -> list[object]:
        return [check for check in self.verdict.checks if check.state is not CheckState.PASSED]


def look(store: Store, run_id: str, now: datetime) -> RunView:
    """Return what is known of a run; raises RegistryError for one that has not been judged."""
    judgement, _ = find_judged(store, run_id)
    if judgement:
        return RunView(id=run_id, verdict=judgement.verdict, judgement=judgement, said=None, is_late=False)
    run = RunDocuments(store=store, id=run_id)
    said = answered(run)
    return RunView(
        id=run_id,
        verdict=run.read(Judged).verdict,
        judgement=None,
        said=said,
        is_late=said is not None and now - said.when > LATE,
    )


def make_run_pages(
    open_store: Callable[[], Store], answering: Answering | None, routes: type[APIRoute]
) -> APIRouter:
    """Make the page of a run, and what takes its form."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    person: Callable[..., str | None] = answering.person if answering else lambda: None
    secret: Callable[[], bytes] = answering.secret if answering else lambda: b""
    visitor = visitor_of(answering)

    def page(store: Store, run_id: str, who: str | None, asks: Visitor, **told: Any) -> HTMLResponse:
        view = look(store, run_id, datetime.now(UTC))
        token = _token(store, run_id, who, secret()) if who and view.is_open else None
        shown = {"error": "", "why": "", "token": token, "max_reason": MAX_REASON} | told
        return html("run.html", run=view, texts=asks.may_read, headers=RUN_HEADERS, **shown)

    @pages.head("/run/{run_id:path}")
    @pages.get("/run/{run_id:path}")
    def show(
        run_id: str,
        who: Annotated[str | None, Depends(person)],
        asks: Annotated[Visitor, Depends(visitor)],
        report: bool = False,  # noqa: FBT001, FBT002
    ) -> HTMLResponse:
        if report and not asks.may_read:
            raise HTTPException(403, NO_TEXTS)
        store = open_store()
        if report:
            return HTMLResponse(load_bytes(store, find_judged(store, run_id)[1]), headers=REPORT_HEADERS)
        return page(store, run_id, who, asks)

    @pages.post("/run/{run_id:path}")
    def take(
        run_id: str,
        who: Annotated[str | None, Depends(person)],
        asks: Annotated[Visitor, Depends(visitor)],
        form: Annotated[dict[str, str], Depends(read_form)],
    ) -> Response:
        store = open_store()
        if who is None:
            return page(store, run_id, who, asks, status=403, error="You may look, but not answer.")
        if refused := _keep(store, run_id, who, form, secret()):
            status, error = refused
            return page(store, run_id, who, asks, status=status, error=error, why=form.get("why", ""))
        return Response(status_code=303, headers={"Location": "?"})  # the same page, to be got

    return pages


def _keep(
    store: Store, run_id: str, who: str, form: Mapping[str, str], secret: bytes
) -> tuple[int, str] | None:
    """Keep the answer of a form; return the status and what is wrong if it cannot be kept."""
    now = datetime.now(UTC)
    if not look(store, run_id, now).is_open:
        return 409, "This question is answered already, or was never asked."
    if error := _fault(form, _token(store, run_id, who, secret)):
        return 422, error
    end = RunEnd(form["end"])
    word = Word(who=who, when=now, why=form.get("why", "").strip(), approved=end is RunEnd.PUBLISH)
    if word.approved and not word.has_reason:
        return 422, f"{NEEDS_REASON[0].upper()}{NEEDS_REASON[1:]}."
    try:
        answer(RunDocuments(store=store, id=run_id), end, word)
    except RegistryError as refused:  # another was faster
        return 409, str(refused)
    return None


def _token(store: Store, run_id: str, who: str, secret: bytes) -> str:
    """Return what only a form of this page holds, for this person and this question."""
    question = question_name(RunDocuments(store=store, id=run_id))
    return make_token(secret, "answer", question, who)


def _fault(form: Mapping[str, str], token: str) -> str:
    """Return what is wrong with the fields of a form, each by itself; the empty string if nothing is."""
    if not is_token(form.get("token", ""), token):
        return "This form is of another login, or of an earlier verdict. Read the page, then answer again."
    if form.get("end") not in (RunEnd.PUBLISH, RunEnd.REJECT):
        return "Choose publish or reject."
    return fault_of_reason(form.get("why", ""), is_needed=False)
