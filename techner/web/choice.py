"""The first page where there are several models: which one? (ADR 43, ADR 47)"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request, Response, params
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from techner.settings import model_names
from techner.web.access import Answering, refusals
from techner.web.moved import OF_ONE_MODEL, find, named_in
from techner.web.pages import html, path_below, place, unfinished
from techner.web.reading import Reading
from techner.web.threads import Threads, route_class

API_MOVED = "there are several models here: each has its API below model/NAME/v1/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLink:
    """A model that a visitor may look at."""

    name: str
    problem: str = ""
    """What is wrong with its settings, in a sentence."""


def create_choice(
    choices: Callable[..., Sequence[ModelLink]],
    *,
    dag_of: Callable[[str], str],
    look_at: Callable[[str], Reading],
    dependencies: Sequence[params.Depends],
    answering: Answering,
) -> FastAPI:
    """Make the app that lists the models and leads to the right one.

    Each model's own pages are below `model/NAME/`; `choices` is a FastAPI dependency, `dag_of` gives the
    DAG of a model, and `look_at` begins a look at its store, as its own pages do.
    """
    app = FastAPI(title="techner", dependencies=list(dependencies), openapi_url=None)
    app.state.model = ""
    app.add_exception_handler(HTTPException, refusals(answering))
    app.router.route_class = route_class(Threads())
    Models = Annotated[Sequence[ModelLink], Depends(choices)]  # noqa: N806 - a type

    @app.head("/")
    @app.get("/")
    def page(request: Request, models: Models) -> HTMLResponse:
        place(request)
        return html("choice.html", models=models, address="", lead="")

    @app.head("/tab/{dag_id}/{run_id}")
    @app.get("/tab/{dag_id}/{run_id}")
    def tab_of(request: Request, dag_id: str, run_id: str) -> Response:
        place(request)
        name = next((name for name in model_names() if dag_of(name) == dag_id), None)
        if name is None:
            return html("tab.html", dag_id=dag_id)
        there = f"../../model/{name}/tab/{dag_id}/{quote(run_id, safe='')}"
        return Response(status_code=303, headers={"Location": there})

    app.include_router(_make_old_addresses(choices, look_at, app))
    return app


def _make_old_addresses(
    choices: Callable[..., Sequence[ModelLink]], look_at: Callable[[str], Reading], app: FastAPI
) -> APIRouter:
    """Make what answers at the addresses of the time of one model."""
    pages = APIRouter(route_class=app.router.route_class)
    Models = Annotated[Sequence[ModelLink], Depends(choices)]  # noqa: N806 - a type

    @pages.get("/v1/{rest:path}")
    def api(rest: str) -> Response:
        del rest
        raise HTTPException(404, API_MOVED)

    @pages.head("/{rest:path}")
    @pages.get("/{rest:path}")
    def old(request: Request, rest: str, models: Models) -> Response:
        del rest
        place(request)
        path = path_below(request)
        if path.partition("/")[0] not in OF_ONE_MODEL:
            raise HTTPException(404, "Not Found")
        address = path + (f"?{request.url.query}" if request.url.query else "")
        is_there = named_in(path, request.query_params)
        if is_there is None:
            return html("choice.html", models=models, address=address, lead="which")
        found = find(is_there, [model.name for model in models], look_at)
        if len(found.has) == 1 and not found.unknown:
            up = "../" * path.count("/")
            return Response(status_code=303, headers={"Location": f"{up}model/{found.has[0]}/{address}"})
        if found.unread:
            return unfinished(found.unread)
        perhaps = [model for model in models if model.name in (*found.has, *found.unknown)]
        if not perhaps:
            return html("choice.html", status=404, models=models, address=address, lead="none")
        return html("choice.html", models=perhaps, address=address, lead="some" if found.unknown else "which")

    return pages
