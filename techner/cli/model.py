"""`techner model`: versions, their differences and history, and downloads."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from techner.cli import promotion, upkeep
from techner.cli.tables import check_table, diff_table, history_table, score_table
from techner.cli.terminal import AsJson, console, out
from techner.client import ModelStore
from techner.core.errors import NotInitialised, RegistryError, UnknownVersion
from techner.documents import plain
from techner.registry import PRODUCTION, Registry
from techner.registry.blobs import load_bytes
from techner.registry.diff import difference
from techner.registry.layout import checkout
from techner.registry.lineage import whole
from techner.registry.log import LogEntry
from techner.settings import load_settings
from techner.store.patience import PROMPT

app = typer.Typer(
    no_args_is_help=True,
    help="Versions of the model: show, compare, download, promote, roll back, verify and collect them.",
)
Name = Annotated[str, typer.Argument(help="A version, or an alias.")]


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List all versions; the one in production is marked."""
    store = load_settings().open_store(PROMPT)
    live, _ = Registry(store).production()
    names = list(Registry(store).versions())
    if as_json:
        typer.echo(json.dumps([{"version": name, "production": name == live} for name in names], indent=1))
        return
    table = Table(Column("version", no_wrap=True), "", "parent", "new labels", "batches", "size")
    for name in names:
        manifest = Registry(store).manifest(name)
        table.add_row(
            name,
            "[green]production[/]" if name == live else "",
            manifest.parent or "",
            str(len(manifest.new_labels)),
            str(manifest.lineage.batch_count),
            f"{manifest.size_bytes / 1e6:.1f} MB",
        )
    out.print(table)


@app.command("show")
def show(name: Name = "production", as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show one version: its labels, scores, verdict and lineage."""
    store = load_settings().open_store(PROMPT)
    version, manifest = Registry(store).resolve(name)
    manifest = whole(store, manifest)
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


@app.command("card")
def card(
    name: Name = "production",
    html: Annotated[bool, typer.Option("--html", help="Print HTML instead of Markdown.")] = False,  # noqa: FBT002
) -> None:
    """Print the model card: intended use, labels, data, scores with intervals, known gaps and lineage."""
    store = load_settings().open_store(PROMPT)
    version, manifest = Registry(store).resolve(name)
    entry = manifest.records.get("card.html" if html else "card.md")
    if entry is None:
        raise RegistryError(f"{version} has no card of this form")
    typer.echo(load_bytes(store, entry))


@app.command("diff")
def diff(
    before: Name,
    after: Name = "production",
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show how two versions differ: files, labels, batches, lineage and scores."""
    store = load_settings().open_store(PROMPT)
    found = difference(store, Registry(store).resolve(before), Registry(store).resolve(after))
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
        return
    out.print(f"{found.before} → {found.after}: {found.download_bytes / 1e6:.1f} MB to fetch", markup=False)
    for sign, entries in (("+", found.added), ("-", found.removed), ("~", found.changed)):
        for entry in entries:
            out.print(f"{sign} file {entry.path} {entry.size_bytes / 1e6:.1f} MB", markup=False)
    for what, added, removed in (
        ("label", found.labels_added, found.labels_removed),
        ("batch", found.batches_added, found.batches_removed),
    ):
        for sign, names in (("+", added), ("-", removed)):
            for name in names:
                out.print(f"{sign} {what} {name}", markup=False)
    for fact, (old, new) in found.lineage.items():
        out.print(f"~ {fact} {old or '–'} → {new or '–'}", markup=False)
    if found.scores:
        out.print(diff_table(found.scores))


@app.command("history")
def history(
    at: Annotated[
        str | None,
        typer.Option(
            help="Show what was live at this time: 2026-11-20, or 2026-11-20T02:00+01:00; default zone: UTC."
        ),
    ] = None,
    alias: Annotated[str, typer.Option(help="The alias to show.")] = PRODUCTION,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show every move of `production`, newest first: from, to, who, why and when."""
    store = load_settings().open_store(PROMPT)
    if at is not None:
        record = Registry(store).alias_at(_time(at), alias=alias)
        records = [LogEntry(record.number, record)]
    else:
        records = list(Registry(store).log(alias).records())
        if not records:
            raise NotInitialised(store.url) if alias == PRODUCTION else UnknownVersion(alias)
    if as_json:
        typer.echo(json.dumps([{"generation": g} | plain(record) for g, record in records], indent=1))
    elif at is not None:
        console.print(f"since {record.when:%Y-%m-%d %H:%M:%S}, by {record.who}: {record.why}", markup=False)
        typer.echo(record.version)
    else:
        out.print(history_table(records))


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is not a time; write 2026-11-20 or 2026-11-20T02:00") from error


@app.command("pull")
def pull(
    name: Name = "production",
    to: Annotated[
        Path | None, typer.Option(help="A folder that does not exist yet; default: the cache.")
    ] = None,
) -> None:
    """Download a version, verify every file by SHA-256, and print the folder."""
    settings = load_settings()
    models = ModelStore(
        settings.store,
        cache=settings.cache,
        s3_endpoint=settings.s3_endpoint,
        public_key=settings.public_key,
        max_cache_bytes=settings.eviction.max_bytes,
        max_cache_days=settings.eviction.max_days,
    )
    if settings.signing_key and not settings.public_key:  # a process that signs can tell what it signed
        name, _ = Registry(settings.open_store()).resolve(name)
    if to is None:
        typer.echo(models.pull(name))
        return
    if to.exists():
        raise RegistryError(f"{to} already exists; give a folder that does not")
    checkout(settings.open_store(), models.manifest(name).files, into=to.absolute(), cache=settings.cache)
    typer.echo(to)


app.command("export")(promotion.export)
app.command("promote")(promotion.promote)
app.command("rollback")(promotion.rollback)
app.command("verify")(upkeep.verify)
app.command("gc")(upkeep.gc)
app.command("sign")(upkeep.sign)
