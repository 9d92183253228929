"""The page in Airflow's own interface, at /techner/, for people who are logged in.

Every Airflow process imports this file, so the app and the login check are made at the first request.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import techner_notes
from airflow.plugins_manager import AirflowPlugin
from techner_scheduler import AIRFLOW, may, scheduler_of_person

if TYPE_CHECKING:
    from fastapi import HTTPException, Request

    from techner.web import Visitor

Message = MutableMapping[str, Any]
DAG_ID = "techner_nightly"
PREFIX = "/techner"
UNAUTHORIZED = 401


@cache
def _app() -> Any:
    from airflow import settings
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from airflow.configuration import conf
    from fastapi import Depends

    from techner.settings import load_settings
    from techner.web import Answering, Opener, Starting, create_app
    from techner.web.tab import make_tab_pages

    secret = conf.get("api", "secret_key").encode

    opener = Opener(load_settings)
    made = create_app(
        opener,
        # A plugin's app is open to all unless it checks: no token 401, no right to see plugins 403.
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        answering=Answering(person=_person(), visitor=_visitor(), secret=secret, login=_login),
        starting=Starting(scheduler=scheduler_of_person(DAG_ID), secret=secret),
        zone=settings.TIMEZONE,
    )
    made.include_router(make_tab_pages(opener, (DAG_ID,), made.router.route_class))
    return made


def _person() -> Callable[..., str | None]:
    """Return what names the logged-in person, if Airflow lets them answer in its own form too."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    def person(user: Annotated[Any, Depends(get_user)]) -> str | None:
        (may_answer,) = may(user, DAG_ID, ("PUT", DagAccessEntity.HITL_DETAIL))
        return _name(user) if may_answer else None

    return person


def _visitor() -> Callable[..., "Visitor"]:
    """Return what says who asks, and what Airflow's auth manager lets them do with the DAG (ADR 37)."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    from techner.web import Visitor

    def visitor(user: Annotated[Any, Depends(get_user)]) -> Visitor:
        may_edit, may_read, may_download = may(
            user,
            DAG_ID,
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
    mounted = request.scope.get("root_path", "").removesuffix(PREFIX)
    asked = f"{quote(request.scope['path'])}?{request.url.query}".rstrip("?")
    return f"{mounted}/api/v2/auth/login?next={quote(asked, safe='')}"


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Serve one request, as the ASGI app that Airflow mounts."""
    scope[AIRFLOW] = scope.get("app")  # the app below writes its own there
    await _app()(scope, receive, send)


class TechnerPlugin(AirflowPlugin):
    name = "techner"
    # Airflow reads class attributes; nothing changes them.
    fastapi_apps: list[Any] = [{"app": app, "url_prefix": PREFIX, "name": "techner"}]  # noqa: RUF012
    listeners: list[Any] = [techner_notes]  # noqa: RUF012
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "techner",
            "href": "/techner/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "techner",
        },
        {
            "name": "techner",
            "href": "/techner/tab/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "techner-night",
        },
    ]
