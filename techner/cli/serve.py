"""`techner serve`: versions and files over HTTP, without Airflow."""

from typing import Annotated

import typer

from techner.core.errors import SettingsError
from techner.settings import load_settings


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port to listen on; 0: any free port.")
    ] = 8000,
) -> None:
    """Serve versions and files over HTTP to clients that send TECHNER_TOKEN as bearer token."""
    import uvicorn

    from techner.web.standalone import create_app_alone

    app = create_app_alone(load_settings())
    try:
        uvicorn.run(app, host=host, port=port)
    except SystemExit as error:  # how uvicorn reports it, with a code that means something else here
        raise SettingsError(
            f"cannot listen on {host}:{port}: see above; choose another --host or --port"
        ) from error
