"""The page in Airflow's own interface, at /techner/, for people who are logged in.

Every Airflow process imports this file, so the app and the login check are made at the first request.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]


@cache
def _app() -> Any:
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends

    from techner.settings import load_settings
    from techner.web import Opener, create_app

    return create_app(
        Opener(load_settings),
        # A plugin's app is open to all unless it checks: no token 401, no right to see plugins 403.
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    )


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
