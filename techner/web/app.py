"""The app factory: pages and the API over a store, which each request opens anew."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.params import Depends as Guard
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from techner import __version__
from techner.core.errors import NotInitialised, RegistryError, TechnerError, UnknownVersion
from techner.core.manifest import Manifest
from techner.registry import Registry
from techner.registry.names import VERSION_NAME
from techner.runs.report import told_report_of
from techner.settings import Settings, load_settings
from techner.store import Store
from techner.web.access import Answering, Visitor, files_only_for, refusals, texts_only_for, visitor_of
from techner.web.actions import make_action_pages
from techner.web.api import PREFIX, make_api
from techner.web.archive import Archives
from techner.web.overview import overview
from techner.web.pages import HEADERS, REPORT_HEADERS, home, html
from techner.web.runs import make_run_pages
from techner.web.start import Starting, make_start_pages
from techner.web.threads import Threads, route_class
from techner.web.trying import make_try_page

RETRY_AFTER_S = "5"


def create_app(
    open_store: Callable[[], Store],
    *,
    settings: Callable[[], Settings] = load_settings,
    dependencies: Sequence[Guard] = (),
    answering: Answering | None = None,
    starting: Starting | None = None,
) -> FastAPI:
    """Make the app; `dependencies` guard every page. Mount it at a prefix, and link to it with a final slash.

    With `answering`, people answer on the page of a run what the gate asks; with `starting`, they start
    nights.

    Each request reads the settings and opens the store: importing and mounting touch nothing. All that reads
    the store runs in threads of the app's own: a store that hangs must not stop the server around it.
    """
    # FastAPI's own description of the app, and the pages that show it, would bypass the dependencies.
    app = FastAPI(
        title="techner",
        version=__version__,
        description="Versions of the model, and their files.",
        dependencies=dependencies,
        openapi_url=None,
    )
    app.add_exception_handler(TechnerError, _failure)
    app.add_exception_handler(HTTPException, refusals(answering))
    visitor = visitor_of(answering)
    app.router.route_class = routes = route_class(Threads())
    archives = Archives()
    files = files_only_for(visitor)
    app.include_router(
        make_api(open_store, cache=lambda: settings().cache, archives=archives, files=files, routes=routes)
    )

    @app.head("/openapi.json", include_in_schema=False)
    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> dict[str, Any]:
        return app.openapi() | {"servers": [{"url": request.scope.get("root_path") or "/"}]}

    _add_pages(app, open_store, settings=settings, archives=archives, visitor=visitor)
    app.include_router(make_run_pages(open_store, answering, starting, routes))
    app.include_router(make_action_pages(open_store, settings, answering, routes))
    app.include_router(make_try_page(open_store, settings, answering, routes))
    app.include_router(make_start_pages(open_store, settings, starting, routes))
    return app


def _add_pages(
    app: FastAPI,
    open_store: Callable[[], Store],
    *,
    settings: Callable[[], Settings],
    archives: Archives,
    visitor: Callable[..., Visitor],
) -> None:
    files, texts = files_only_for(visitor), texts_only_for(visitor)

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    def page(asks: Annotated[Visitor, Depends(visitor)]) -> HTMLResponse:
        try:
            now = settings()
            found = overview(open_store(), now.policies, cache=now.cache)
            return html("page.html", overview=found, texts=asks.may_read)
        except NotInitialised as error:
            return html("empty.html", url=error.url)

    @app.head("/download/{version}", dependencies=[files], include_in_schema=False)
    @app.get("/download/{version}", dependencies=[files], include_in_schema=False)
    def download(version: str) -> StreamingResponse:
        store = open_store()
        files = _manifest(store, version).files
        answer = archives.answer(store, version, files, cache=settings().cache)
        answer.headers.update(HEADERS)
        return answer

    @app.head("/report/{version}", dependencies=[texts], include_in_schema=False)
    @app.get("/report/{version}", dependencies=[texts], include_in_schema=False)
    def report(version: str) -> HTMLResponse:
        store = open_store()
        page = told_report_of(store, version, _manifest(store, version))
        return HTMLResponse(page, headers=REPORT_HEADERS)


def _manifest(store: Store, version: str) -> Manifest:
    if not re.fullmatch(VERSION_NAME, version):  # it becomes part of a key and of a header
        raise UnknownVersion(version)
    return Registry(store).manifest(version)


async def _failure(request: Request, error: Exception) -> Response:
    """Answer with the error's own message."""
    is_passing = isinstance(error, TechnerError) and error.is_passing
    status = 404 if isinstance(error, RegistryError) else 503 if is_passing else 500
    if getattr(request.scope.get("route"), "path", "").startswith(f"{PREFIX}/"):
        answer: Response = JSONResponse({"detail": str(error)}, status_code=status)
    else:
        answer = html("error.html", status=status, error=str(error), home=home(request))
    if is_passing:
        answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer
