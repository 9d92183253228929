"""What was found in a delivery, in words."""

from collections import Counter
from collections.abc import Iterable

from techner.cli.talk import out
from techner.core.night import IssueFound, QualityReport

SHOWN = 10
"""Findings a code that are printed; `--json` has all."""


def show_report(report: QualityReport, *, corrects: str | None = None) -> None:
    """Print counts first, then every fault and every warning; `corrects` is the name of another batch."""
    out.print(
        f"{report.action}: {report.read} read = {report.accepted} accepted + {report.quarantined} "
        f"quarantined + {report.rejected} rejected ({report.reader or 'no format'})"
    )
    out.print(f"spans: {_counted(report.labels) or 'none'}", markup=False)
    out.print(f"scope: {scope_of(report)}", markup=False)
    if corrects:
        out.print(f"corrects: {corrects}", markup=False)
    if report.renamed:
        out.print(f"delivered under an old name: {_counted(report.renamed)}", markup=False)
    _show_issues(report.issues)
    if report.warnings:
        out.print("warnings:")
        _show_issues(report.warnings)


def _counted(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in labels.items())


def scope_of(report: QualityReport) -> str:
    """Say what the annotators of a batch looked for, and how that is known."""
    own = f"; {report.own_scopes} rows state their own" if report.own_scopes else ""
    return f"{', '.join(report.scope) or 'none'} ({report.scope_from}{own})"


def _show_issues(issues: Iterable[IssueFound]) -> None:
    """Print the first of each code, row by row, and how many more there are."""
    shown: Counter[str] = Counter()
    for issue in issues:
        shown[issue.code] += 1
        if shown[issue.code] <= SHOWN:
            where = "batch" if issue.row is None else f"row {issue.row}"
            hint = f"; suggested: {issue.suggestion}" if issue.suggestion else ""
            out.print(f"  {where}: {issue.code}: {issue.detail}{hint}", markup=False)
    for code, count in shown.items():
        if count > SHOWN:
            out.print(f"  … and {count - SHOWN} more of {code}; --json lists all")
