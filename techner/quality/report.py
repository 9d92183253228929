"""The quality report of a batch, put together from what was found."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from techner.core.delivery import Action, BatchRef, Finding, QualityReport
from techner.quality.scan import Scan


def rejected(
    batch: BatchRef, *, admission: str, scope: tuple[str, ...] | None, issues: tuple[Finding, ...]
) -> QualityReport:
    """Return the report of a batch of which no row can be used; a readable batch gets more added."""
    return QualityReport(
        batch=batch,
        admission=admission,
        action=Action.REJECT,
        reader=None,
        read=0,
        accepted=0,
        quarantined=0,
        rejected=0,
        labels={},
        scope=scope or (),
        scope_from="inferred" if scope is None else "delivered",
        own_scopes=0,
        renamed={},
        issues=issues,
        expectations=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the rows without a critical fault hold."""

    count: int
    labels: dict[str, int]
    renamed: dict[str, int]
    own_scopes: int
    inferred_scope: tuple[str, ...]
    """Labels that occur in rows without a scope of their own."""


def kept_by(scan: Scan, bad: Collection[int]) -> Kept:
    """Count what the rows that are not `bad` hold."""
    in_own_scope: Counter[str] = Counter()
    in_batch_scope: Counter[str] = Counter()
    renamed: Counter[str] = Counter()
    count = own_scopes = 0
    for number, _, spans, scope in scan.spill:
        if number in bad:
            continue
        count += 1
        own_scopes += scope is not None
        labels = in_batch_scope if scope is None else in_own_scope
        for _, _, label in spans:
            labels[label] += 1
        if scan.renamed:
            renamed.update(scan.renamed.get(number, ()))
    return Kept(
        count=count,
        labels=dict(sorted((in_own_scope + in_batch_scope).items())),
        renamed=dict(sorted(renamed.items())),
        own_scopes=own_scopes,
        inferred_scope=tuple(sorted(in_batch_scope)),
    )


def with_kept(report: QualityReport, kept: Kept, scope: tuple[str, ...] | None) -> QualityReport:
    """Return the report of a batch that is not rejected."""
    return replace(
        report,
        action=Action.ACCEPT if report.read == kept.count else Action.QUARANTINE,
        accepted=kept.count,
        quarantined=report.read - kept.count,
        labels=kept.labels,
        scope=kept.inferred_scope if scope is None else scope,
        own_scopes=kept.own_scopes,
        renamed=kept.renamed,
    )
