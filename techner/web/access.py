"""Who asks for a page, and what they may see and do there (ADR 37). Knows no auth manager."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from techner.web.api import PREFIX
from techner.web.pages import HEADERS, html, place

NO_TEXTS = "You may see counts, but not texts: reports, sentences, rows of batches and what a model reads."
NO_FILES = "You may look, but not download the files of a model."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, as an auth manager knows them."""

    name: str = ""
    """As it is kept with what they do: `airflow:ada`."""
    may_edit: bool = False
    """Whether they may move production and decide on batches."""
    may_read: bool = False
    """Whether they may read texts: reports, sentences, rows of batches, answers of a model."""
    may_download: bool = False
    """Whether they may have the files of a model."""


def without_login() -> Visitor:
    """Return who asks where nobody logs in: who has the token sees all, and changes nothing."""
    return Visitor(may_read=True, may_download=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What the pages need to know about people."""

    person: Callable[..., str | None]
    """A FastAPI dependency: who is logged in, as it is kept; None for one who may not answer the gate."""
    secret: Callable[[], bytes]
    """Signs the forms: another site cannot make one."""
    visitor: Callable[..., Visitor] = Visitor
    """A FastAPI dependency: who asks, and what they may see and do; as it is, counts and nothing else."""
    login: Callable[[Request, HTTPException], str | None] = lambda *_: None
    """The address of a login that leads back to what was asked for; None if a login would not help."""


def visitor_of(answering: Answering | None) -> Callable[..., Visitor]:
    """Return the dependency that says who asks."""
    return answering.visitor if answering else without_login


def texts_only_for(visitor: Callable[..., Visitor]) -> Any:
    """Return a guard of routes that show texts."""

    def check(asks: Annotated[Visitor, Depends(visitor)]) -> None:
        if not asks.may_read:
            raise HTTPException(403, NO_TEXTS)

    return Depends(check)


def files_only_for(visitor: Callable[..., Visitor]) -> Any:
    """Return a guard of routes that send files of a model."""

    def check(asks: Annotated[Visitor, Depends(visitor)]) -> None:
        if not asks.may_download:
            raise HTTPException(403, NO_FILES)

    return Depends(check)


def refusals(answering: Answering | None) -> Callable[[Request, Any], Awaitable[Response]]:
    """Return what answers an HTTPException: a page or a login for a browser, JSON for any other client."""

    async def refuse(request: Request, error: Any) -> Response:
        if not _is_browser(request):
            return JSONResponse(
                {"detail": error.detail}, status_code=error.status_code, headers=error.headers
            )
        if address := answering.login(request, error) if answering else None:
            return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
        headers = HEADERS | (error.headers or {})
        place(request)  # an address that is none has no route to do so
        return html("error.html", status=error.status_code, error=str(error.detail), headers=headers)

    return refuse


def _is_browser(request: Request) -> bool:
    is_api = getattr(request.scope.get("route"), "path", "").startswith(f"{PREFIX}/")
    return not is_api and "text/html" in request.headers.get("accept", "")
