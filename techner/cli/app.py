"""`techner`: exit code 0 done, 1 error, 2 wrong usage, 3 rejected, 128 + n stopped by signal n."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer
from rich.markup import escape

from techner import __version__
from techner.cli import backup, batch, doctor, init, model, offline, run, serve
from techner.cli.refusals import in_words
from techner.cli.terminal import console
from techner.core.errors import TechnerError
from techner.settings.sources import MODEL

SEVERAL = ("--train", "--gold")
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a domain NER model good, night after night, without it forgetting what it knew.",
)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("prune")(backup.prune)
app.command("serve")(serve.serve)
app.command("uptrain")(offline.uptrain)
app.command("evaluate")(offline.evaluate)
app.add_typer(batch.app, name="batch")
app.add_typer(model.app, name="model")
app.add_typer(run.app, name="run")


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,  # noqa: FBT002 - a flag of the command line
    model: Annotated[
        str, typer.Option(help="Which of the models that the settings name; else TECHNER_MODEL says it.")
    ] = "",
) -> None:
    """Keep a domain NER model good, night after night, without it forgetting what it knew."""
    if show:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    if model:
        context.with_resource(_choosing(model))


@contextmanager
def _choosing(model: str) -> Iterator[None]:
    """Choose a model for all that reads settings in this process, and in those that it starts."""
    before = os.environ.get(MODEL)
    os.environ[MODEL] = model
    try:
        yield
    finally:
        os.environ.pop(MODEL)
        if before is not None:
            os.environ[MODEL] = before


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
    """Run the command line; an error is one line on stderr and exit code 1."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # as in the DAG: the same inputs give the same bytes
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, TextIOWrapper
        ):  # for a name in no encoding, or a terminal that knows only ASCII
            stream.reconfigure(errors="backslashreplace")
    sys.argv[1:] = spread(sys.argv[1:])
    try:
        with in_words():
            app()
    except TechnerError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    finally:
        _flush()


def _flush() -> None:
    """Write out what is left; if the reader has gone, the interpreter must not try again when it exits."""
    stdout: TextIO | None = sys.stdout  # None if it was closed before we started
    try:
        if stdout:
            stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
