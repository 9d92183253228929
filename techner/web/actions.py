"""Pages that change something: each says what will happen, takes a reason, and then does it (ADR 37)."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from techner.web.forms import MAX_REASON, fault_of_reason, has_token, make_token, read_form
from techner.web.move_actions import move_actions
from techner.web.pages import FORM_HEADERS, html
from techner.web.reading import Reading

OF_ANOTHER_LOGIN = "This form is of another login, or of another page. Read the page, then send it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What one request is about, who asks, and what would happen now."""

    name: str
    """Of the action."""
    action: PageAction
    about: str
    visitor: Visitor
    prospect: Prospect

    def token(self, secret: bytes, state: str) -> str:
        return make_token(secret, self.name, self.about, self.visitor.name, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Shows the pages, and carries their forms out, one at a time."""

    actions: dict[str, PageAction]
    secret: Callable[[], bytes]
    turn: threading.Lock = field(default_factory=threading.Lock)

    def look(self, store: Store, name: str, about: str, visitor: Visitor) -> _Asked:
        """Look what would happen; raises RegistryError for an action or an object that there is not."""
        if name not in self.actions:
            raise RegistryError(f"no action {name!r}; there are {', '.join(self.actions)}")
        action = self.actions[name]
        prospect = action.look(store, about)
        return _Asked(name=name, action=action, about=about, visitor=visitor, prospect=prospect)

    def page(self, asked: _Asked, *, status: int = 200, **told: Any) -> HTMLResponse:
        prospect = asked.prospect
        is_offered = asked.visitor.may_edit and not prospect.refusal
        token = asked.token(self.secret(), prospect.state) if is_offered else None
        shown = {"error": "", "why": "", "is_done": False, "max_reason": MAX_REASON} | told
        shown |= {"about": asked.about, "prospect": prospect, "token": token}
        return html(asked.action.template, status=status, headers=FORM_HEADERS, **shown)

    def take(
        self, store: Store, name: str, about: str, visitor: Visitor, form: Mapping[str, str]
    ) -> Response:
        """Carry a form out; raises Busy while another one is."""
        if not self.turn.acquire(blocking=False):
            raise Busy("another form is being carried out")
        try:
            asked = self.look(store, name, about, visitor)
            refused = _refused(asked, form, self.secret()) or _carry_out(asked, store, form)
        finally:
            self.turn.release()
        if refused:
            now = self.look(store, name, about, visitor)  # another may have been faster
            return self.page(now, status=refused[0], error=refused[1], why=form.get("why", ""))
        return Response(status_code=303, headers={"Location": "?done=true"})  # the page, to be got


def make_action_pages(
    open_store: Callable[[], Store],
    reading: Callable[[], Reading],
    settings: Callable[[], Settings],
    answering: Answering | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the pages `act/ACTION/OBJECT`, and what takes their forms."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    secret: Callable[[], bytes] = answering.secret if answering else lambda: b""
    desk = _Desk(actions=move_actions(reading, settings) | batch_actions(reading), secret=secret)
    visitor = visitor_of(answering)

    @pages.head("/act/{name}/{about}")
    @pages.get("/act/{name}/{about}")
    def show(
        name: str,
        about: str,
        asks: Annotated[Visitor, Depends(visitor)],
        done: bool = False,  # noqa: FBT001, FBT002
    ) -> HTMLResponse:
        return desk.page(desk.look(open_store(), name, about, asks), is_done=done)

    @pages.post("/act/{name}/{about}")
    def act(
        name: str,
        about: str,
        asks: Annotated[Visitor, Depends(visitor)],
        form: Annotated[dict[str, str], Depends(read_form)],
    ) -> Response:
        return desk.take(open_store(), name, about, asks, form)

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


def _carry_out(asked: _Asked, store: Store, form: Mapping[str, str]) -> tuple[int, str] | None:
    """Do what the form says; return the status and why if the registry refuses it."""
    word = Word(who=asked.visitor.name, when=datetime.now(UTC), why=form["why"].strip())
    try:
        asked.action.do(store, asked.prospect, word)
    except RegistryError as refused:
        return 409, str(refused)
    return None
