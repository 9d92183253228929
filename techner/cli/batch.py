"""`techner batch`: deliveries, and what people decide about them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from techner.cli.check import check
from techner.cli.findings import show_report
from techner.cli.fix import fix, metadata_beside
from techner.cli.inbox import find, name_of, report_of, states
from techner.cli.terminal import AsJson, Why, console, labels_in, now, out, person
from techner.core.errors import BatchError
from techner.core.records import BatchWord
from techner.core.redact import shown
from techner.documents import plain
from techner.inbox.admissions import admission_folder, examined
from techner.inbox.decisions import decide
from techner.inbox.deliveries import Ignored
from techner.inbox.submit import scope_metadata, submit
from techner.inbox.survey import BatchState, Status, learnt_by, survey_all
from techner.settings import load_settings
from techner.store.patience import PROMPT

app = typer.Typer(no_args_is_help=True, help="Deliver batches and see where each one stands.")
Name = Annotated[str, typer.Argument(help="The name of the batch, as `techner batch list` shows it.")]
COLOURS = {
    Status.PENDING: "yellow",
    Status.ACCEPTED: "cyan",
    Status.HELD: "magenta",
    Status.REJECTED: "red",
    Status.EXCLUDED: "dim",
    Status.IN_PRODUCTION: "green",
}

app.command("check")(check)
app.command("fix")(fix)


@app.command("submit")
def submit_files(
    files: Annotated[list[Path], typer.Argument(help="The annotated files.")],
    scope: Annotated[
        str | None, typer.Option(help="The labels that the annotators looked for, such as PROTOCOL,HARDWARE.")
    ] = None,
) -> None:
    """Deliver annotated files to the inbox; the next run picks them up."""
    settings = load_settings()
    store = settings.open_store()
    stated = None if scope is None else scope_metadata(store, settings.policies, labels_in(scope))
    for file in files:
        beside = metadata_beside(file)
        # A correction keeps the batch that it corrects, whatever scope it is given.
        metadata = replace(stated, corrects=beside.corrects) if stated and beside else stated or beside
        name = submit(store, file, metadata=metadata)
        console.print(f"delivered {name}", markup=False)


@app.command("list")
def list_batches(as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show every delivery: pending, accepted, held, rejected, excluded, in production, or ignored."""
    settings = load_settings()
    found = survey_all(settings.open_store(PROMPT), settings.policies, cache=settings.cache)
    if as_json:
        listed = [*map(_summary, found.batches), *map(_ignored_summary, found.ignored)]
        typer.echo(json.dumps(listed, indent=1))
        return
    table = Table("batch", "status", "rows", "accepted", "quarantined", "digest", "why")
    for state in found.batches:
        rows = (
            (state.report.read, state.report.accepted, state.report.quarantined)
            if state.report
            else ("",) * 3
        )
        why = state.decision.why if state.decision and state.status in (Status.HELD, Status.EXCLUDED) else ""
        table.add_row(
            escape(state.ref.name),
            f"[{COLOURS[state.status]}]{state.status}[/]",
            *map(str, rows),
            state.ref.digest[:12],
            escape(why),
        )
    for one in found.ignored:
        table.add_row(escape(shown(one.name)), "[dim]ignored[/]", "", "", "", "", escape(shown(one.why)))
    out.print(
        table
        if found.batches or found.ignored
        else "The inbox is empty; deliver with `techner batch submit FILE`."
    )


@app.command("show")
def show_batch(name: Name, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show one delivery: its status, its counts and every fault in it."""
    settings = load_settings()
    state = find(states(settings), name)
    store = settings.open_store(PROMPT)
    report = state.report or examined(store, state.ref, settings.policies)
    learnt = learnt_by(store, state.ref)
    if as_json:
        more = {"learnt_by": learnt, "report": plain(report)}
        typer.echo(json.dumps(_summary(state) | more, indent=1))
        return
    out.print(f"[bold]{escape(state.ref.name)}[/]  {state.status}  sha256 {state.ref.digest}")
    if learnt:
        out.print(f"Version {learnt} has learnt it.")
    if report is None:
        out.print("Not examined under the present settings." if learnt else "Not examined yet.")
        return
    show_report(report, corrects=name_of(report.corrects, settings) if report.corrects else None)


@app.command("report")
def report(name: Name) -> None:
    """Print the HTML page about one delivery: `techner batch report NAME > report.html`."""
    settings = load_settings()
    store = settings.open_store(PROMPT)
    state = find(states(settings), name)
    found = report_of(state, settings)
    typer.echo(store.get(f"{admission_folder(state.ref, found.admission)}/report.html"))


@app.command("exclude")
def exclude(name: Name, why: Why) -> None:
    """Keep a batch out of every run until it is released."""
    _say(name, BatchWord.EXCLUDE, why)


@app.command("release")
def release(name: Name, why: Why) -> None:
    """Make a held or excluded batch pending again."""
    _say(name, BatchWord.RELEASE, why)


def _say(name: str, word: BatchWord, why: str) -> None:
    settings = load_settings()
    state = find(states(settings), name)
    if state.status is Status.IN_PRODUCTION:
        raise BatchError(f"{name!r} is in production; `techner model rollback` takes it out")
    decide(settings.open_store(), state.ref, word, who=person(), why=why, when=now())
    console.print(f"{word}: {name}", markup=False)


def _ignored_summary(one: Ignored) -> dict[str, object]:
    nothing = dict.fromkeys(("digest", "read", "accepted", "quarantined"))
    return {"name": one.name, "status": "ignored", "why": one.why, **nothing}


def _summary(state: BatchState) -> dict[str, object]:
    report = state.report
    return {
        "name": state.ref.name,
        "digest": state.ref.digest,
        "status": str(state.status),
        "read": report.read if report else None,
        "accepted": report.accepted if report else None,
        "quarantined": report.quarantined if report else None,
    }
