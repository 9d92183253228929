"""`techner run`: a night without Airflow, and what runs decided."""

import json
import uuid
from typing import Annotated, assert_never

import typer

from techner.cli.terminal import REJECTED, Why, console, now, out, person
from techner.core.verdict import Outcome
from techner.registry import Registry
from techner.registry.names import record_name
from techner.runs.completion import untold
from techner.runs.judgements import Word, judgements
from techner.runs.report import told_report
from techner.runs.run import Run
from techner.settings import load_settings
from techner.store.patience import PROMPT

app = typer.Typer(no_args_is_help=True, help="Run a night without Airflow, and see and decide its outcome.")
RunId = Annotated[
    str, typer.Argument(help="The id of the run, as the night and `techner run list` print it.")
]


@app.command("night")
def night(
    batch: Annotated[
        list[str] | None, typer.Option(help="Take only this batch, held or not; can be repeated.")
    ] = None,
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option("--dry-run", help="Judge the candidate, and change nothing.")
    ] = False,
    run_id: Annotated[str | None, typer.Option(help="Resume this run, which was stopped.")] = None,
) -> None:
    """Run a night: admit, assemble, uptrain, evaluate, judge, and publish or reject."""
    from techner.cli.night import tell_night
    from techner.night.whole import Wanted

    settings = load_settings()
    run = _run(run_id or f"cli-{uuid.uuid4().hex[:12]}")
    wanted = Wanted(batches=tuple(batch or ()), dry_run=dry_run, resume=run_id is not None)
    match tell_night(run, settings.policies, wanted):
        case Outcome.PROMOTE | None:
            pass
        case Outcome.REJECT | Outcome.ASK:
            raise typer.Exit(REJECTED)
        case outcome:
            assert_never(outcome)


@app.command("approve")
def approve(run_id: RunId, why: Why) -> None:
    """Publish a candidate that the gate asked about."""
    from techner.night.publish import publish

    typer.echo(publish(_run(run_id), Word(who=person(), when=now(), why=why, approved=True)))


@app.command("reject")
def reject(run_id: RunId, why: Why) -> None:
    """Turn down a candidate that the gate asked about; its batches are held."""
    from techner.night.reject import reject as turn_down

    turn_down(_run(run_id), Word(who=person(), when=now(), why=why))
    typer.echo(f"rejected {run_id}")


@app.command("abandon")
def abandon(run_id: RunId, why: Why) -> None:
    """End a run that will never be decided: a killed night, or a question that was given up."""
    from techner.night.reject import abandon as give_up

    give_up(_run(run_id), Word(who=person(), when=now(), why=why))
    typer.echo(f"abandoned {run_id}")


@app.command("report")
def report(run_id: RunId) -> None:
    """Print the HTML page of a judged run: its checks, and the entities lost and gained."""
    store = load_settings().open_store(PROMPT)
    typer.echo(told_report(store, run_id).decode())


@app.command("list")
def list_runs(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Show the runs that are decided, newest first."""
    store = load_settings().open_store(PROMPT)
    found = list(judgements(store).believed())
    for generation in [number for number, record in found if record is None]:
        console.print(
            f"judgements/{record_name(generation)} is not signed by a trusted key, and not shown: find out "
            "who wrote it; `techner model sign` signs what was written without a key"
        )
    told = [record for _, record in found if record]
    versions = {record.version for record in told}
    records = [*untold(store, versions, (move for _, move in Registry(store).log().records())), *told]
    if as_json:
        fields = ("id", "outcome", "reason", "version")
        typer.echo(
            json.dumps([{name: getattr(record, name) for name in fields} for record in records], indent=1)
        )
        return
    if not records:
        console.print("no run is decided yet; `techner run night` runs one")
    for record in records:
        out.print(
            f"{record.when:%Y-%m-%d %H:%M}  {record.outcome:9} {record.id}  {record.reason}", markup=False
        )


def _run(run_id: str) -> Run:
    settings = load_settings()
    return settings.run(settings.open_store(), run_id)
