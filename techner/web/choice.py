"""The first page where there are several models: which one? (ADR 43)"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response, params
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from techner.settings import model_names
from techner.web.access import Answering, refusals
from techner.web.pages import html, place


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
    dependencies: Sequence[params.Depends],
    answering: Answering,
) -> FastAPI:
    """Make the app that lists the models and leads a tab of Airflow to the right one.

    Each model's own pages are below `model/NAME/`; `choices` is a FastAPI dependency, and `dag_of` gives the
    DAG of a model.
    """
    app = FastAPI(title="techner", dependencies=list(dependencies), openapi_url=None)
    app.state.model = ""
    app.add_exception_handler(HTTPException, refusals(answering))

    @app.head("/")
    @app.get("/")
    def page(request: Request, models: Annotated[Sequence[ModelLink], Depends(choices)]) -> HTMLResponse:
        place(request)
        return html("choice.html", models=models)

    @app.head("/tab/{dag_id}/{run_id}")
    @app.get("/tab/{dag_id}/{run_id}")
    def tab_of(request: Request, dag_id: str, run_id: str) -> Response:
        place(request)
        name = next((name for name in model_names() if dag_of(name) == dag_id), None)
        if name is None:
            return html("tab.html", dag_id=dag_id)
        there = f"../../model/{name}/tab/{dag_id}/{quote(run_id, safe='')}"
        return Response(status_code=303, headers={"Location": there})

    return app
