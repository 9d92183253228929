"""Tables of scores, checks and moves, for a terminal."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Column, Table

from techner.core.manifest import LabelScore
from techner.core.records import Generation
from techner.core.verdict import Check, CheckState, Verdict
from techner.registry.diff import ScoreChange
from techner.registry.log import LogEntry


def score_table(scores: tuple[LabelScore, ...]) -> Table:
    """Return F1 per label: origin, production, candidate, and the interval of the change."""
    table = Table("label", "part", title="F1 on the frozen sets", title_justify="left")
    for column in ("gold", "origin", "production", "candidate", "change, 95 % interval"):
        table.add_column(column, justify="right")
    for score in scores:
        worse = score.high is not None and score.high < 0
        change = "–" if score.low is None or score.high is None else f"{score.low:+.3f} … {score.high:+.3f}"
        f1 = [_f1(value) for value in (score.origin, score.production, score.candidate)]
        table.add_row(
            escape(score.label), score.part, str(score.support), *f1, change, style="red" if worse else None
        )
    return table


def diff_table(scores: Iterable[ScoreChange]) -> Table:
    """Return F1 per label of two versions, as each was judged."""
    table = Table("label", "part", title="F1, each as it was judged", title_justify="left")
    for column in ("before", "after", "change"):
        table.add_column(column, justify="right")
    for score in scores:
        change = "–" if score.change is None else f"{score.change:+.3f}"
        table.add_row(escape(score.label), score.part, _f1(score.before), _f1(score.after), change)
    return table


def history_table(records: Iterable[LogEntry[Generation]]) -> Table:
    """Return a line per move: where the alias pointed, since when, by whom and why."""
    table = Table("", "when", Column("version", no_wrap=True), Column("before", no_wrap=True), "who", "why")
    for generation, record in records:
        table.add_row(
            str(generation),
            f"{record.when:%Y-%m-%d %H:%M:%S}",
            record.version,
            record.previous or "",
            escape(record.who),
            escape(record.why),
        )
    return table


def check_table(verdict: Verdict) -> Table:
    """Return a line per check: what was compared, and what was allowed; a dim line is a remark."""
    table = Table("check", "against", title=f"Verdict: {verdict.outcome}", title_justify="left")
    for column in ("baseline", "candidate", "interval", "margin", "gold", ""):
        table.add_column(column, justify="right")
    colours = {CheckState.PASSED: "green", CheckState.FAILED: "bold red", CheckState.INSUFFICIENT: "yellow"}
    for check in verdict.checks:
        table.add_row(
            escape(check.name),
            check.against,
            _f1(check.baseline),
            _f1(check.candidate),
            _interval(check),
            _f1(check.margin),
            str(check.support or "–"),
            f"[{colours[check.state]}]{check.state}[/]",
            style=None if check.decisive else "dim",
        )
    return table


def _interval(check: Check) -> str:
    return "–" if check.low is None or check.high is None else f"{check.low:+.4f} … {check.high:+.4f}"


def _f1(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
