"""The page in Airflow's own interface, at /techner/, for people who are logged in.

Every Airflow process imports this file, so the app and the login check are made at the first request.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Annotated, Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]
DAG_ID = "techner_nightly"


@cache
def _app() -> Any:
    from airflow import settings
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from airflow.configuration import conf
    from fastapi import Depends

    from techner.settings import load_settings
    from techner.web import Answering, Opener, create_app

    return create_app(
        Opener(load_settings),
        # A plugin's app is open to all unless it checks: no token 401, no right to see plugins 403.
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        answering=Answering(person=_person(), secret=lambda: conf.get("api", "secret_key").encode()),
        zone=settings.TIMEZONE,
    )


def _person() -> Callable[..., str | None]:
    """Return what names the logged-in person, if Airflow lets them answer in its own form too."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.api_fastapi.core_api.security import get_user
    from airflow.models.dag import DagModel
    from fastapi import Depends

    def person(user: Annotated[Any, Depends(get_user)]) -> str | None:
        may_answer = get_auth_manager().is_authorized_dag(
            method="PUT",
            access_entity=DagAccessEntity.HITL_DETAIL,
            details=DagDetails(id=DAG_ID, team_name=DagModel.get_team_name(DAG_ID)),
            user=user,
        )
        return f"airflow:{user.get_name()}" if may_answer else None

    return person


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Serve one request, as the ASGI app that Airflow mounts."""
    await _app()(scope, receive, send)


class TechnerPlugin(AirflowPlugin):
    name = "techner"
    # Airflow reads class attributes; nothing changes them.
    fastapi_apps: list[Any] = [{"app": app, "url_prefix": "/techner", "name": "techner"}]  # noqa: RUF012
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "techner",
            "href": "/techner/",
            "destination": "nav",
            "category": "browse",
            "url_route": "techner",
        }
    ]
