"""How the command line talks to people: on stderr, with progress bars in a terminal."""

import getpass
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from techner.uptraining import Step

# Without a terminal that has a width (a pipe, a log), tables need space for a label and its interval.
WIDTH = None if sys.stdout and sys.stdout.isatty() else 120  # None: it was closed
console = Console(stderr=True, highlight=False, width=WIDTH)
out = Console(highlight=False, width=WIDTH)
log = logging.getLogger(__name__)
REJECTED = 3
"""Exit code if a file, a candidate or a set was found wanting."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Why = Annotated[str, typer.Option(help="The reason; it is kept for good.")]


def person() -> str:
    """Name the person who runs the command, for the audit trail."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        return f"cli:uid {os.getuid()}"


def now() -> datetime:
    return datetime.now(UTC)


def labels_in(argument: str) -> tuple[str, ...]:
    """Return the labels in a list such as `PROTOCOL,HARDWARE`."""
    return tuple(label for part in argument.split(",") if (label := part.strip()))


@contextmanager
def training_bar(title: str) -> "Iterator[Callable[[Step], None]]":
    """Show the steps of a training: a bar in a terminal, one line per epoch elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None, note="")

        def on_step(step: "Step") -> None:
            note = f"epoch {step.epoch}/{step.epochs}, loss {step.loss:.4f}"
            note += "" if step.dev_f1 is None else f", dev F1 {step.dev_f1:.3f}"
            progress.update(task, completed=step.done, total=step.total, note=note)
            if step.ends_epoch and not console.is_terminal:
                console.print(f"  {title}: {note}")

        yield on_step
