"""`techner model`: versions, history, download, rollback."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from techner.cli.talk import check_table, console, now, out, person, score_table
from techner.client import ModelStore
from techner.core.errors import RegistryError
from techner.documents import plain
from techner.registry.aliases import alias_log, production
from techner.registry.blobs import checkout
from techner.registry.versions import read_manifest, versions
from techner.settings import load_settings
from techner.stages.judgements import Word
from techner.stages.run import Run

app = typer.Typer(no_args_is_help=True, help="Versions of the model: show, download, roll back.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="A version, or an alias.")]


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List all versions; the one in production is marked."""
    store = load_settings().open_store()
    live, _ = production(store)
    names = list(versions(store))
    if as_json:
        typer.echo(json.dumps([{"version": name, "production": name == live} for name in names], indent=1))
        return
    table = Table(Column("version", no_wrap=True), "", "parent", "new labels", "batches", "size")
    for name in names:
        manifest = read_manifest(store, name)
        table.add_row(
            name,
            "[green]production[/]" if name == live else "",
            manifest.parent or "",
            str(len(manifest.new_labels)),
            str(len(manifest.lineage.batches)),
            f"{manifest.size_bytes / 1e6:.1f} MB",
        )
    out.print(table)


@app.command("show")
def show(name: Name = "production", as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show one version: labels, scores, verdict, lineage."""
    settings = load_settings()
    models = ModelStore(settings.store, s3_endpoint=settings.s3_endpoint)
    version, manifest = models.resolve(name), models.manifest(name)
    if as_json:
        typer.echo(json.dumps({"version": version} | plain(manifest), indent=1))
        return
    out.print(f"[bold]{version}[/]  {manifest.size_bytes / 1e6:.1f} MB in {len(manifest.files)} files")
    out.print(
        f"base {manifest.base}, parent {manifest.parent or '–'}, seed {manifest.lineage.seed}", markup=False
    )
    out.print(f"pretrained labels: {', '.join(manifest.pretrained_labels) or 'none'}")
    out.print(f"new labels: {', '.join(manifest.new_labels) or 'none'}")
    out.print(
        f"batches: {', '.join(batch.name for batch in manifest.lineage.batches) or 'none'}", markup=False
    )
    if manifest.verdict:
        out.print(score_table(manifest.scores))
        out.print(check_table(manifest.verdict))


@app.command("history")
def history(as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show every move of `production`, newest first: from, to, who, why, when."""
    records = list(alias_log(load_settings().open_store()).records())
    if as_json:
        typer.echo(json.dumps([{"generation": g} | plain(record) for g, record in records], indent=1))
        return
    table = Table("", "when", Column("version", no_wrap=True), Column("before", no_wrap=True), "who", "why")
    for generation, record in records:
        when = f"{record.when:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(generation),
            when,
            record.version,
            record.previous or "",
            escape(record.who),
            escape(record.why),
        )
    out.print(table)


@app.command("pull")
def pull(
    name: Name = "production",
    to: Annotated[Path | None, typer.Option(help="A new folder; default: the cache.")] = None,
) -> None:
    """Download a version, every file verified by SHA-256, and print its folder."""
    settings = load_settings()
    models = ModelStore(settings.store, cache=settings.cache, s3_endpoint=settings.s3_endpoint)
    if to is None:
        typer.echo(models.pull(name))
        return
    if to.exists():
        raise RegistryError(f"{to} exists already; give a new folder")
    checkout(settings.open_store(), models.manifest(name).files, into=to.absolute(), cache=settings.cache)
    typer.echo(to)


@app.command("rollback")
def rollback(
    why: Annotated[str, typer.Option(help="The reason, kept for ever.")],
    to: Annotated[str | None, typer.Option(help="A version; default: the one before production.")] = None,
) -> None:
    """Point `production` at an earlier version, loaded first; the batches learnt since are held."""
    from techner.stages.rollback import roll_back

    settings = load_settings()
    run = Run(store=settings.open_store(), id="rollback", cache=settings.cache)
    target, held = roll_back(run, Word(who=person(), when=now(), why=why), to=to)
    console.print(f"production names {target} again", markup=False)
    for name in held:
        console.print(f"held: {name}; `techner batch release` makes it due again", markup=False)
    typer.echo(target)
