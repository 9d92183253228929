"""The pages of each model, as an app for people who are logged in to Airflow (ADR 37, ADR 43)."""

import hmac
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from techner_models import dag_of
from techner_scheduler import may, scheduler_of_person

if TYPE_CHECKING:
    from fastapi import FastAPI, HTTPException, Request

    from techner.web import ModelLink, Visitor

PREFIX = "/techner"
ROOT = "techner.root"
"""Where in a request's scope the path is at which Airflow mounts the pages of all models."""
UNAUTHORIZED = 401


@cache
def pages_of(model: str | None) -> "FastAPI":
    """Return the app of a model: of the only one, or of one of several for those who may read its DAG."""
    from airflow import settings
    from fastapi import Depends

    from techner.settings import load_settings
    from techner.web import Answering, Opener, Starting, create_app
    from techner.web.tab import make_tab_pages

    dag_id, load = dag_of(model), partial(load_settings, model)
    secret = partial(secret_of, model)
    made = create_app(
        Opener(load),
        settings=load,
        dependencies=[_sees_airflow(), Depends(_reads(dag_id))],
        answering=Answering(person=_person(dag_id), visitor=_visitor(dag_id), secret=secret, login=_login),
        starting=Starting(scheduler=scheduler_of_person(dag_id), secret=secret),
        zone=settings.TIMEZONE,
        model=model,
    )
    made.include_router(make_tab_pages(made.state.reading, (dag_id,), made.router.route_class))
    return made


def secret_of(model: str | None) -> bytes:
    """Return what signs the forms of a model: two models have runs of one id."""
    from airflow.configuration import conf

    key: bytes = conf.get("api", "secret_key").encode()
    return key if model is None else hmac.digest(key, model.encode(), "sha256")


@cache
def choice() -> "FastAPI":
    """Return the app of the first page where there are several models."""
    from techner.web import Answering, create_choice

    answering = Answering(person=lambda: None, secret=lambda: b"", login=_login)
    return create_choice(
        _choices(),
        dag_of=dag_of,
        look_at=lambda model: pages_of(model).state.reading(),
        dependencies=[_sees_airflow()],
        answering=answering,
    )


def _sees_airflow() -> Any:
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends

    # A plugin's app is open to all unless it checks: no token 401, no right to see Airflow at all 403.
    return Depends(requires_access_view(AccessView.WEBSITE))


def _choices() -> "Callable[..., list[ModelLink]]":
    """Return what lists the models whose DAGs a person may read, each with what is wrong with it."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    from techner.core.errors import TechnerError
    from techner.settings import load_settings, model_names
    from techner.web import ModelLink

    def problem(name: str) -> str:
        try:
            load_settings(name)
        except TechnerError as error:
            return str(error)
        return ""

    def choices(user: Annotated[Any, Depends(get_user)]) -> list[ModelLink]:
        seen = [name for name in model_names() if all(may(user, dag_of(name), ("GET", None)))]
        return [ModelLink(name=name, problem=problem(name)) for name in seen]

    return choices


def _reads(dag_id: str) -> Callable[..., None]:
    """Return a guard of the pages of a model."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, HTTPException

    def reads(user: Annotated[Any, Depends(get_user)]) -> None:
        if not all(may(user, dag_id, ("GET", None))):
            raise HTTPException(403, f"You may not read the DAG {dag_id}, so not the pages of its model.")

    return reads


def _person(dag_id: str) -> Callable[..., str | None]:
    """Return what names the logged-in person, if Airflow lets them answer in its own form too."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    def person(user: Annotated[Any, Depends(get_user)]) -> str | None:
        (may_answer,) = may(user, dag_id, ("PUT", DagAccessEntity.HITL_DETAIL))
        return _name(user) if may_answer else None

    return person


def _visitor(dag_id: str) -> "Callable[..., Visitor]":
    """Return what says who asks, and what Airflow's auth manager lets them do with the DAG (ADR 37)."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    from techner.web import Visitor

    def visitor(user: Annotated[Any, Depends(get_user)]) -> Visitor:
        may_edit, may_read, may_download = may(
            user,
            dag_id,
            ("PUT", None),
            ("GET", DagAccessEntity.TASK_LOGS),
            ("GET", DagAccessEntity.XCOM),
        )
        return Visitor(name=_name(user), may_edit=may_edit, may_read=may_read, may_download=may_download)

    return visitor


def _name(user: Any) -> str:
    return f"airflow:{user.get_name()}"


def _login(request: "Request", error: "HTTPException") -> str | None:
    """Return Airflow's login, which leads back; None for those who are logged in and may not."""
    if error.status_code != UNAUTHORIZED and error.detail != "Invalid JWT token":  # of a key that was changed
        return None
    mounted = request.scope[ROOT].removesuffix(PREFIX)
    asked = f"{quote(request.scope['path'])}?{request.url.query}".rstrip("?")
    return f"{mounted}/api/v2/auth/login?next={quote(asked, safe='')}"
