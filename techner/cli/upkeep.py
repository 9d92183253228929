"""`techner model verify`, `sign` and `gc`: what is damaged, unsigned or no longer needed."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from techner.cli.terminal import AsJson, console, now, out, person
from techner.core.errors import SettingsError
from techner.documents import plain
from techner.operate.adopt import adopt
from techner.operate.collect import KEEP_DAYS, Collection, collect, plan_collection
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.signing import load_private_key, load_public_keys
from techner.registry.verify import verify_alias, verify_versions
from techner.runs.judgements import Word
from techner.settings import load_settings

ILL = 1
MOST_DAYS = 36_500
KeepDays = Annotated[
    int, typer.Option(min=0, max=MOST_DAYS, help="Keep what an alias has named within this many days.")
]
Delete = Annotated[bool, typer.Option("--delete", help="Remove it; without this, only say what would go.")]


def verify(
    name: Annotated[
        str | None, typer.Argument(help="A version, or an alias; default: all versions and aliases.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Read every file again and name those that are missing, cut short, altered or swapped.

    The exit code is 1 if there is one. Without a name, everything that the store refers to is looked for too.
    """
    store = load_settings().open_store()
    if name is None:
        faults = list(verify_all(store))
    elif name in Registry(store).aliases():
        faults = list(verify_alias(store, name))
        faults += [] if faults else verify_versions(store, [Registry(store).resolve(name)[0]])
    else:
        faults = list(verify_versions(store, [name]))
    if as_json:
        typer.echo(json.dumps([plain(fault) for fault in faults], indent=1))
    for fault in () if as_json else faults:
        out.print(f"[bold red]✗[/] {escape(f'{fault.where}: {fault.what}: {fault.detail}')}", soft_wrap=True)
    if faults:
        raise typer.Exit(ILL)
    console.print("[green]✓[/] every file is present and unchanged")


def sign() -> None:
    """Sign decisions and judgements that have no signature (read them first) and all that an old key signed.

    To change keys, set the new one as TECHNER_SIGNING_KEY and the old one as TECHNER_PUBLIC_KEY.
    """
    settings = load_settings()
    if settings.signing_key is None:
        raise SettingsError("signing needs the private key: set TECHNER_SIGNING_KEY")
    signed = 0
    for key in adopt(
        settings.open_bare_store(),
        load_public_keys(settings.public_key) if settings.public_key else (),
        load_private_key(settings.signing_key),
        Word(who=person(), when=now()),
    ):
        out.print(f"signed {key}", markup=False, soft_wrap=True)
        signed += 1
    console.print(f"{signed} signed")


def gc(
    keep_days: KeepDays = KEEP_DAYS,
    delete: Delete = False,  # noqa: FBT002
    resume: Annotated[  # noqa: FBT002
        bool, typer.Option("--resume", help="Resume a collection that was interrupted.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show what no alias, parent, origin, run or report still needs; `--delete` removes it."""
    store = load_settings().open_store()
    if delete:
        word = Word(who=person(), when=now())
        try:
            found = collect(store, word, keep_days=keep_days, resume=resume)
        except KeyboardInterrupt:
            console.print("if it had begun to remove: `techner model gc --delete --resume` goes on")
            raise
    else:
        found = plan_collection(store, now=now(), keep_days=keep_days)
    show_collection(found, deleted=delete, as_json=as_json)
    for run in () if as_json else found.undecided:
        console.print(
            f"run {run} is undecided and keeps its working documents; "
            f"if it will never be decided: `techner run abandon {run} --why …`",
            markup=False,
        )


def show_collection(found: Collection, *, deleted: bool, as_json: bool) -> None:
    """Print what a collection or a prune removes."""
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"deleted": deleted}, indent=1))
        return
    verb = "removed" if deleted else "would remove"
    for name in found.versions:
        out.print(f"{verb} version {name}", markup=False)
    if found.probes:
        out.print(f"{verb} {len(found.probes)} scratch keys left by killed processes", markup=False)
    for run in found.runs:
        out.print(f"{verb} the working documents of run {run}", markup=False)
    out.print(f"{verb} {len(found.blobs)} files, {found.size_bytes / 1e6:.1f} MB", markup=False)
    if not deleted:
        console.print("nothing was removed; --delete removes it")
