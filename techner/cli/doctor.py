"""`techner doctor`: what is wrong with the store, and how small a loss its sets can show."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from techner.cli.replay import tell_replay
from techner.cli.terminal import now, out
from techner.settings import load_settings

if TYPE_CHECKING:
    from techner.evaluation.power import Reach
    from techner.operate.doctor import Diagnosis

ILL, TOO_SMALL, UNKNOWN = 1, 3, 3


def doctor(
    replay: Annotated[  # noqa: FBT002
        bool, typer.Option("--replay", help="Say instead what more or less replay would do; 3: unknown.")
    ] = False,
    measure: Annotated[
        int | None,
        typer.Option(
            min=1, help="With --replay: train candidates to see it, each so many times; 2 is usual."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Examine the store; exit code 1 if something is wrong, 3 if a set is too small for its margin."""
    from techner.operate.doctor import diagnose_login

    settings = load_settings()
    if measure is not None and not replay:
        raise typer.BadParameter("it goes with --replay", param_hint="--measure")
    if replay:
        if not tell_replay(settings, repeats=measure, as_json=as_json):
            raise typer.Exit(UNKNOWN)
        return
    workspace = settings.workspace(settings.open_store())
    found = diagnose_login(workspace, settings.policies, now=now(), bare=settings.open_bare_store())
    if as_json:
        derived = [asdict(r) | {"is_enough": r.is_enough, "needed": r.needed} for r in found.reaches]
        typer.echo(json.dumps({"findings": [asdict(f) for f in found.aspects], "reaches": derived}, indent=1))
    else:
        _show(found)
    if not found.is_well:
        raise typer.Exit(ILL)
    if not found.is_enough:
        raise typer.Exit(TOO_SMALL)


def _show(found: "Diagnosis") -> None:
    for aspect in found.aspects:
        mark = "[green]✓[/]" if aspect.is_well else "[bold red]✗[/]"
        out.print(f"{mark} {aspect.what}: {escape(aspect.detail)}")
    table = Table(
        "check", title="The smallest loss that the sets can show, in points of F1", title_justify="left"
    )
    for column in ("gold", "shows", "margin", "gold spans needed", "from"):
        table.add_column(column, justify="right")
    for reach in found.reaches:
        origin = "the last judged run" if reach.is_measured else "an assumed share of changes"
        table.add_row(
            escape(reach.check),
            str(reach.support),
            f"{100 * reach.smallest:.1f}",
            f"{100 * reach.margin:.1f}",
            _needed(reach),
            origin,
        )
    if found.reaches:
        out.print(table)
    if not found.is_enough:
        out.print(
            "If a set is too small for its margin, the gate asks a person more often. Give `techner init` "
            "more annotated text, or widen the margin (docs/reference/settings.md)."
        )


def _needed(reach: "Reach") -> str:
    if reach.is_enough:
        return "[green]enough[/]"
    about = "no number is" if reach.needed is None else f"about {reach.needed}"
    # If the spans are too few to show a small loss of the new labels, the check passes.
    return f"[yellow]{about}[/]" if reach.must_reach else f"{about}; a smaller loss passes"
