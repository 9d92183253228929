"""Pages that change something: each says what will happen, takes a reason, and then does it (ADR 37)."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import Busy, RegistryError
from techner.runs.judgements import Word
from techner.settings import Settings
from techner.store import Store
from techner.web.access import Answering, Visitor, visitor_of
from techner.web.action_kinds import PageAction, Prospect
from techner.web.batch_actions import batch_actions
from techner.web.forms import FORM_HEADERS, MAX_REASON, fault_of_reason, has_token, make_token, read_form
from techner.web.move_actions import move_actions
from techner.web.pages import html

OF_ANOTHER_LOGIN = "This form is of another login, or of another page. Read the page, then send it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request for one page: what it is about, and who asks."""

    name: str
    """Of the action."""
    about: str
    visitor: Visitor
    prospect: Prospect

    def token(self, secret: bytes, state: str) -> str:
        return make_token(secret, self.name, self.about, self.visitor.name, state)


def make_action_pages(
    open_store: Callable[[], Store],
    settings: Callable[[], Settings],
    answering: Answering | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the pages `act/ACTION/OBJECT`, and what takes their forms; one form at a time is carried out."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    secret: Callable[[], bytes] = answering.secret if answering else lambda: b""
    actions: dict[str, PageAction] = move_actions(settings) | batch_actions(settings)
    visitor, turn = visitor_of(answering), threading.Lock()

    def found(name: str) -> PageAction:
        if name not in actions:
            raise RegistryError(f"no action {name!r}; there are {', '.join(actions)}")
        return actions[name]

    def page(asked: _Asked, *, status: int = 200, **told: Any) -> HTMLResponse:
        prospect = asked.prospect
        is_offered = asked.visitor.may_edit and not prospect.refusal
        token = asked.token(secret(), prospect.state) if is_offered else None
        shown = {"error": "", "why": "", "is_done": False, "max_reason": MAX_REASON} | told
        return html(
            found(asked.name).template,
            status=status,
            headers=FORM_HEADERS,
            about=asked.about,
            prospect=prospect,
            token=token,
            **shown,
        )

    @pages.head("/act/{name}/{about}")
    @pages.get("/act/{name}/{about}")
    def show(
        name: str,
        about: str,
        asks: Annotated[Visitor, Depends(visitor)],
        done: bool = False,  # noqa: FBT001, FBT002
    ) -> HTMLResponse:
        prospect = found(name).look(open_store(), about)
        return page(_Asked(name=name, about=about, visitor=asks, prospect=prospect), is_done=done)

    @pages.post("/act/{name}/{about}")
    def act(
        name: str,
        about: str,
        asks: Annotated[Visitor, Depends(visitor)],
        form: Annotated[dict[str, str], Depends(read_form)],
    ) -> Response:
        store, action = open_store(), found(name)
        if not turn.acquire(blocking=False):
            raise Busy("another form is being carried out")
        try:
            asked = _Asked(name=name, about=about, visitor=asks, prospect=action.look(store, about))
            refused = _refused(asked, form, secret()) or _carry_out(action, asked, store, form)
        finally:
            turn.release()
        if refused:
            # What it would do now: another may have been faster.
            now = _Asked(name=name, about=about, visitor=asks, prospect=action.look(store, about))
            return page(now, status=refused[0], error=refused[1], why=form.get("why", ""))
        return Response(status_code=303, headers={"Location": "?done=true"})  # the page, to be got

    return pages


def _refused(asked: _Asked, form: Mapping[str, str], secret: bytes) -> tuple[int, str] | None:
    """Return the status and what is wrong with a form; None if it may be carried out."""
    prospect, state = asked.prospect, form.get("state", "")
    if not asked.visitor.may_edit:
        return 403, "You may look, but not do this: Airflow does not let you edit the DAG."
    if not has_token(form, asked.token(secret, state)):
        return 422, OF_ANOTHER_LOGIN
    if state != prospect.state:
        return 409, f"{prospect.changed} Nothing was done. Read what would happen now."
    if prospect.refusal:
        return 409, prospect.refusal
    if fault := fault_of_reason(form.get("why", ""), is_needed=True):
        return 422, fault
    return None


def _carry_out(
    action: PageAction, asked: _Asked, store: Store, form: Mapping[str, str]
) -> tuple[int, str] | None:
    """Do what the form says; return the status and why if the registry refuses it."""
    word = Word(who=asked.visitor.name, when=datetime.now(UTC), why=form["why"].strip())
    try:
        action.do(store, asked.prospect, word)
    except RegistryError as refused:
        return 409, str(refused)
    return None
