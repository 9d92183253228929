"""The pages in Airflow's own interface, at /techner/; of several models, each at /techner/model/NAME/.

Every Airflow process imports this file, so an app and its login check are made at the first request.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import techner_notes
from airflow.plugins_manager import AirflowPlugin
from techner_pages import PREFIX, ROOT, choice, pages_of
from techner_scheduler import AIRFLOW

Message = MutableMapping[str, Any]


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Serve one request, as the ASGI app that Airflow mounts."""
    scope[AIRFLOW] = scope.get("app")  # the app below writes its own there
    scope[ROOT] = scope.get("root_path", "")
    await _app_for(scope)(scope, receive, send)


def _app_for(scope: Message) -> Any:
    """Return the app of the model in the path, mounted there."""
    from techner.core.errors import TechnerError
    from techner.settings import model_names

    try:
        names = model_names()
    except TechnerError:  # the page says so
        names = ()
    if not names:
        return pages_of(None)
    kind, _, rest = str(scope["path"]).removeprefix(f"{scope[ROOT]}/").partition("/")
    name = rest.partition("/")[0]
    if kind != "model" or name not in names:
        return choice()
    scope["root_path"] = f"{scope[ROOT]}/model/{name}"
    return pages_of(name)


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
