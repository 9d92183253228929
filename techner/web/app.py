"""The app factory: pages and the API over a store, which each request opens anew."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response, params
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from techner import __version__
from techner.core.errors import BatchError, NotInitialised, RegistryError, StillReading, TechnerError
from techner.registry.workspace import Workspace
from techner.settings import Settings, load_settings
from techner.store import Store
from techner.web.access import Answering, files_only_for, refusals, texts_only_for, visitor_of
from techner.web.actions import make_action_pages
from techner.web.api import PREFIX, make_api
from techner.web.archive import Archives
from techner.web.batches import make_batch_pages
from techner.web.models import make_model_pages
from techner.web.overview import make_overview
from techner.web.pages import html, place, placing, unfinished
from techner.web.reading import Reading
from techner.web.run_list import make_run_list
from techner.web.runs import make_run_pages
from techner.web.scheduler import Starting
from techner.web.start import make_start_pages
from techner.web.threads import Threads, route_class
from techner.web.trying import make_try_page
from techner.web.versions import make_version_files
from techner.web.whole_store import make_reading

RETRY_AFTER_S = "5"


def create_app(
    open_store: Callable[[], Store],
    *,
    settings: Callable[[], Settings] = load_settings,
    dependencies: Sequence[params.Depends] = (),
    answering: Answering | None = None,
    starting: Starting | None = None,
    zone: tzinfo = UTC,
    model: str | None = None,
) -> FastAPI:
    """Make the app; `dependencies` guard every page. Mount it at a prefix, and link to it with a final slash.

    With `answering`, people answer on the page of a run what the gate asks; with `starting`, they start
    nights. Pages show times in `zone`, and the name of the `model` if it is one of several.

    Each request reads the settings and opens the store: importing and mounting touch nothing. All that reads
    the store runs in threads of the app's own: a store that hangs must not stop the server around it.
    """
    # FastAPI's own description of the app, and the pages that show it, would bypass the dependencies.
    app = FastAPI(
        title="techner",
        version=__version__,
        description="Versions of the model, and their files.",
        dependencies=[Depends(placing(zone)), *dependencies],
        openapi_url=None,
    )
    app.state.model = model
    app.state.reading = reading = make_reading(open_store, settings)
    app.add_exception_handler(TechnerError, _failure)
    app.add_exception_handler(HTTPException, refusals(answering))
    app.router.route_class = routes = route_class(Threads())
    _add_description(app)
    for router in _file_routers(open_store, settings, answering, routes):
        app.include_router(router)
    for router in _page_routers(open_store, reading, settings, answering, starting, routes):
        app.include_router(router)
    return app


def _add_description(app: FastAPI) -> None:
    """Add OpenAPI's description of the API, at the place where the app is mounted."""

    @app.head("/openapi.json", include_in_schema=False)
    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> dict[str, Any]:
        return app.openapi() | {"servers": [{"url": request.scope.get("root_path") or "/"}]}


def _file_routers(
    open_store: Callable[[], Store],
    settings: Callable[[], Settings],
    answering: Answering | None,
    routes: type[APIRoute],
) -> Iterator[APIRouter]:
    """Make what sends files of a model, from the cache of the settings."""

    def workspace(store: Store) -> Workspace:
        return settings().workspace(store)

    visitor = visitor_of(answering)
    archives, files = Archives(), files_only_for(visitor)
    yield make_api(open_store, workspace=workspace, archives=archives, files=files, routes=routes)
    yield make_version_files(
        open_store,
        workspace=workspace,
        archives=archives,
        files=files,
        texts=texts_only_for(visitor),
        routes=routes,
    )


def _page_routers(
    open_store: Callable[[], Store],
    reading: Callable[[], Reading],
    settings: Callable[[], Settings],
    answering: Answering | None,
    starting: Starting | None,
    routes: type[APIRoute],
) -> Iterator[APIRouter]:
    visitor = visitor_of(answering)
    yield make_overview(reading, visitor, starting, routes)
    yield make_model_pages(reading, visitor, routes)
    yield make_batch_pages(reading, visitor, routes)
    yield make_run_list(reading, routes)
    yield make_run_pages(reading, answering, starting, routes)
    yield make_action_pages(open_store, reading, settings, answering, routes)
    yield make_try_page(reading, settings, answering, routes)
    yield make_start_pages(reading, starting, routes)


async def _failure(request: Request, error: Exception) -> Response:
    """Answer with the error's own message."""
    is_passing = isinstance(error, TechnerError) and error.is_passing
    status = 404 if isinstance(error, RegistryError | BatchError) else 503 if is_passing else 500
    if getattr(request.scope.get("route"), "path", "").startswith(f"{PREFIX}/"):
        answer: Response = JSONResponse({"detail": str(error)}, status_code=status)
    elif isinstance(error, NotInitialised):
        place(request)
        answer = html("empty.html", url=error.url)
    elif isinstance(error, StillReading):
        place(request)
        answer = unfinished(error, is_form=request.method == "POST")
    else:
        place(request)
        answer = html("error.html", status=status, error=str(error))
    if is_passing and "Retry-After" not in answer.headers:
        answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer
