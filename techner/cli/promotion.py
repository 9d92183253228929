"""`techner model promote`, `rollback` and `export`: move an alias, or take a version elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from techner.cli.terminal import Why, console, now, person
from techner.operate.export import Form
from techner.operate.export import export as write
from techner.registry import PRODUCTION, Registry
from techner.runs.judgements import Word
from techner.runs.run import Run, own_id
from techner.settings import load_settings


def promote(
    version: Annotated[str, typer.Argument(help="The version to point the alias at.")],
    why: Why,
    alias: Annotated[
        str, typer.Option(help="`production`, or a name of your own, which pins the version.")
    ] = PRODUCTION,
) -> None:
    """Point an alias at a version, which is loaded and queried first; `gc` keeps what an alias names."""
    import techner.operate.promote

    techner.operate.promote.promote(
        _run("promote"), Word(who=person(), when=now(), why=why), version=version, alias=alias
    )
    console.print(f"{alias} names {version}", markup=False)
    typer.echo(version)


def rollback(
    why: Why,
    to: Annotated[
        str | None, typer.Option(help="The version to go back to; default: the one before production.")
    ] = None,
) -> None:
    """Point `production` at an earlier version, which is loaded first; batches learnt since are held."""
    from techner.operate.rollback import roll_back

    target, held = roll_back(_run("rollback"), Word(who=person(), when=now(), why=why), to=to)
    console.print(f"production names {target} again", markup=False)
    for name in held:
        console.print(f"held: {name}; `techner batch release` makes it pending again", markup=False)
    typer.echo(target)


def export(
    to: Annotated[Path, typer.Option(help="The folder to write into.")],
    name: Annotated[str, typer.Argument(help="A version, or an alias.")] = PRODUCTION,
    form: Annotated[Form, typer.Option(help="An archive, or a wheel that pip can install.")] = Form.ARCHIVE,
) -> None:
    """Write a version as one verified file, and print the path."""
    settings = load_settings()
    workspace = settings.workspace(settings.open_store())
    version, manifest = Registry(workspace.store).resolve(name)
    typer.echo(write(workspace, version, manifest, form=form, into=to))


def _run(what: str) -> Run:
    settings = load_settings()
    return settings.run(settings.open_store(), own_id(what))
