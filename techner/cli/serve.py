"""`techner serve`: versions and files over HTTP, without Airflow."""

from typing import Annotated

import typer

from techner.core.errors import SettingsError
from techner.settings import load_settings


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.")] = 8000,
) -> None:
    """Serve versions and files over HTTP to whoever sends TECHNER_TOKEN as bearer token; Ctrl-C stops it."""
    try:
        import uvicorn

        from techner.web.alone import create_app_alone
    except ImportError as error:
        raise SettingsError("`techner serve` needs the extra `ui`: pip install 'techner[ui]'") from error
    uvicorn.run(create_app_alone(load_settings()), host=host, port=port)
