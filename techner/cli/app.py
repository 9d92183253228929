"""`techner`: exit 0 done, 1 error, 2 wrong usage, 3 rejected."""

import os
import sys

import typer
from rich.markup import escape

from techner import __version__
from techner.cli import batch, doctor, init, model, offline, run, serve
from techner.cli.talk import console
from techner.core.errors import TechnerError

SEVERAL = ("--train", "--gold")
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a domain NER model good, night after night, without it forgetting what it knew.",
)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("uptrain")(offline.uptrain)
app.command("evaluate")(offline.evaluate)
app.add_typer(batch.app, name="batch")
app.add_typer(model.app, name="model")
app.add_typer(run.app, name="run")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:  # noqa: FBT001 - a flag of the command line
    """Keep a domain NER model good, night after night, without it forgetting what it knew."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


def spread(arguments: list[str]) -> list[str]:
    """Let several files follow one option: `--train a b` becomes `--train a --train b`."""
    spread: list[str] = []
    option, has_value = None, False
    for argument in arguments:
        if argument.startswith("-"):
            name, _, value = argument.partition("=")
            option, has_value = (name if name in SEVERAL else None), bool(value)
        elif option:
            spread += [option] if has_value else []
            has_value = True
        spread.append(argument)
    return spread


def main() -> None:
    """Run the command line; a TechnerError is one line on stderr and exit code 1."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # as in the DAG: the same inputs give the same bytes
    sys.argv[1:] = spread(sys.argv[1:])
    try:
        app()
    except TechnerError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
