"""`techner backup` and `techner restore`: a verified copy of the whole store, and a store made of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from techner.cli.terminal import AsJson, console, now, out, person
from techner.cli.upkeep import Delete, KeepDays, show_collection
from techner.core.errors import StoreError
from techner.operate.collect import KEEP_DAYS
from techner.runs.judgements import Word
from techner.settings import Settings, load_settings
from techner.store import Store, open_store

if TYPE_CHECKING:
    from techner.operate.backup import Copied

ILL = 1
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--s3-endpoint",
        help="URL of the S3 server of the backup; default: that of the store. For Amazon S3: https://s3.amazonaws.com",
    ),
]


def backup(
    target: Annotated[
        str, typer.Argument(help="A folder or s3://bucket/prefix: an earlier backup of this store, or empty.")
    ],
    s3_endpoint: Endpoint = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Copy the whole store to TARGET: only what is new since the last backup, each file verified.

    Nights may run meanwhile. What is damaged is named, and left out with what needs it; the exit code is 1.
    """
    from techner.operate.backup import back_up

    settings = load_settings()
    source, copy = settings.open_store(), _open(settings, target, s3_endpoint, "TARGET")
    workspace = settings.workspace(source)
    with workspace.scratch() as scratch, _bar("backup", "techner backup") as on_bytes:
        copied = back_up(source, copy, scratch=scratch, clock=now, on_bytes=on_bytes)
    _tell(copied, whole=f"the backup in {copy.url} is whole", as_json=as_json)


def restore(
    source: Annotated[
        str, typer.Argument(metavar="BACKUP", help="A folder or s3://bucket/prefix with a backup.")
    ],
    s3_endpoint: Endpoint = None,
    resume: Annotated[  # noqa: FBT002
        bool, typer.Option("--resume", help="Go on with a restore that was interrupted.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Copy BACKUP into the store that the settings name, which must be empty; each file is verified.

    What is damaged in the backup is named, and left out with what needs it; the exit code is 1.
    """
    from techner.operate.backup import restore_store

    settings = load_settings()
    store, copy = settings.open_bare_store(), _open(settings, source, s3_endpoint, "BACKUP")
    workspace = settings.workspace(store)
    with workspace.scratch() as scratch, _bar("restore", "techner restore --resume") as on_bytes:
        copied = restore_store(
            settings.believed(copy), store, scratch=scratch, resume=resume, on_bytes=on_bytes
        )
    _tell(copied, whole=f"{store.url} holds all of {copy.url}", as_json=as_json)


def prune(
    backup: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix with a backup.")],
    s3_endpoint: Endpoint = None,
    keep_days: KeepDays = KEEP_DAYS,
    delete: Delete = False,  # noqa: FBT002
    resume: Annotated[  # noqa: FBT002
        bool, typer.Option("--resume", help="Go on although a backup or prune was interrupted.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show what nothing in BACKUP needs any more; `--delete` removes it. A running backup is never harmed."""
    from techner.operate.prune import plan_prune
    from techner.operate.prune import prune as remove

    settings = load_settings()
    copy = _open(settings, backup, s3_endpoint, "BACKUP")
    if delete:
        found = remove(copy, Word(who=person(), when=now()), keep_days=keep_days, resume=resume)
    else:
        found = plan_prune(copy, now=now(), keep_days=keep_days)
    show_collection(found, deleted=delete, as_json=as_json)


def _open(settings: Settings, url: str, s3_endpoint: str | None, argument: str) -> Store:
    return open_store(url, s3_endpoint=s3_endpoint or settings.s3_endpoint, setting=argument)


@contextmanager
def _bar(title: str, again: str) -> Iterator[Callable[[int, int], None]]:
    """Show the bytes in a terminal; say what goes on with a copy that was cut off."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def on_bytes(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        try:
            yield on_bytes
        except (KeyboardInterrupt, StoreError):
            console.print(f"what was copied stays; `{again}` goes on")
            raise


def _tell(copied: "Copied", *, whole: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(copied) | {"is_whole": not copied.faults}, indent=1))
    for fault in () if as_json else copied.faults:
        out.print(f"[bold red]✗[/] {escape(f'{fault.where}: {fault.what}: {fault.detail}')}", soft_wrap=True)
    sent = (
        f"{copied.objects} objects, {copied.size_bytes / 1e6:.1f} MB copied; {copied.there} were there before"
    )
    if copied.faults:
        console.print(f"{sent}. Not whole: {len(copied.faults)} faults", markup=False, soft_wrap=True)
        raise typer.Exit(ILL)
    console.print(f"[green]✓[/] {escape(f'{sent}: {whole}')}", soft_wrap=True)
