"""`python -m tools.local up`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from techner.cli.terminal import console
from techner.core.errors import TechnerError
from tools.local.environment import ROOT
from tools.local.up import up

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Airflow on this machine.")


@app.callback()
def local() -> None:
    """Airflow on this machine, without containers."""


@app.command("up")
def up_command(
    port: Annotated[
        int, typer.Option(help="Where Airflow listens, on this machine only.", min=1, max=65535)
    ] = 8080,
    state: Annotated[Path, typer.Option(help="Folder for the database, the store and the cache.")] = ROOT
    / ".techner",
) -> None:
    """Start Airflow with the DAG and the page; Ctrl-C stops it."""
    up(port=port, state=state.absolute())


if __name__ == "__main__":
    try:
        app()
    except TechnerError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}")
        sys.exit(1)
