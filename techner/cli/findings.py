"""What was found in a delivery, as text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

from techner.cli.terminal import out
from techner.core.delivery import Finding, QualityReport
from techner.core.redact import shown

SHOWN = 10
"""Findings per code that are printed; `--json` has more."""


def show_report(
    report: QualityReport,
    *,
    corrects: str | None = None,
    surfaces: Mapping[str, Mapping[str, int]] | None = None,
) -> None:
    """Print the counts, then every fault and every warning; `corrects` is the name of another batch."""
    out.print(
        f"{report.action}: {report.read} read = {report.accepted} accepted + {report.quarantined} "
        f"quarantined + {report.rejected} rejected ({report.reader or 'unknown format'})"
    )
    out.print(f"spans: {_counted(report.labels) or 'none'}", markup=False)
    for label, counts in (surfaces or {}).items():
        usual = ", ".join(
            f"{shown(surface[:60])} {count}" for surface, count in islice(counts.items(), SHOWN)
        )
        others = f", … and {len(counts) - SHOWN} others" if len(counts) > SHOWN else ""
        out.print(f"  {label}: {usual}{others}", markup=False, soft_wrap=True)
    out.print(f"scope: {scope_of(report)}", markup=False)
    if corrects:
        out.print(f"corrects: {corrects}", markup=False)
    if report.renamed:
        out.print(f"delivered under an old name: {_counted(report.renamed)}", markup=False)
    _show_issues(report.issues, report.left_out)
    if report.warnings:
        out.print("warnings:")
        _show_issues(report.warnings, report.left_out)


def _counted(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in labels.items())


def scope_of(report: QualityReport) -> str:
    """Say which labels the annotators of a batch looked for, and how that is known."""
    own = f"; {report.own_scopes} rows state their own" if report.own_scopes else ""
    return f"{', '.join(report.scope) or 'none'} ({report.scope_from}{own})"


def _show_issues(issues: Iterable[Finding], left_out: Mapping[str, int]) -> None:
    """Print the first of each code, row by row, and how many more there are."""
    seen: Counter[str] = Counter()
    for issue in issues:
        seen[issue.code] += 1
        if seen[issue.code] <= SHOWN:
            where = "batch" if issue.row is None else f"row {issue.row}"
            hint = f"; suggested: {issue.suggestion}" if issue.suggestion else ""
            out.print(shown(f"  {where}: {issue.code}: {issue.detail}{hint}"), markup=False)
    for code, count in seen.items():
        if count > SHOWN:
            more = count - SHOWN + left_out.get(code, 0)
            listed = f"the first {count:,}" if code in left_out else "all"
            out.print(f"  … and {more} more of {code}; --json lists {listed}")
