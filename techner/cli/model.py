"""`techner model`: versions, history, download, rollback."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.table import Column, Table

from techner.cli.talk import check_table, console, now, out, person, score_table
from techner.client import ModelStore
from techner.core.errors import RegistryError
from techner.documents import plain
from techner.registry.aliases import alias_log, move_alias, production
from techner.registry.blobs import checkout
from techner.registry.proof import answers
from techner.registry.versions import read_manifest, versions
from techner.settings import load_settings

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
    out.print(f"base {manifest.base}, parent {manifest.parent or '–'}, seed {manifest.lineage.seed}")
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
        table.add_row(str(generation), when, record.version, record.previous or "", record.who, record.why)
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
    """Point `production` at an earlier version, loaded first; the batches since are pending again."""
    settings = load_settings()
    store = settings.open_store()
    live, manifest = production(store)
    target = to or manifest.parent
    if target is None:
        raise RegistryError(f"production is {live}, the origin; there is nothing before it")
    files = read_manifest(store, target).files
    settings.cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="rollback-", dir=settings.cache) as scratch:
        answers(
            checkout(store, files, into=Path(scratch) / "model", cache=settings.cache), ["A first question."]
        )
    if not move_alias(store, target, expected=live, who=person(), why=f"rollback: {why}", when=now()):
        raise RegistryError(f"production names {target} already")
    console.print(
        f"production names [bold]{target}[/] again, not {live}; the batches learnt since are pending: "
        "`techner batch exclude NAME --why …` keeps a bad one out of the next run"
    )
    typer.echo(target)
