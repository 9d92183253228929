"""The quality report of a batch, put together from what was assessed."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from techner.core.delivery import Action, BatchMetadata, BatchRef, Expectation, Finding, QualityReport
from techner.quality.metrics import Metric
from techner.quality.scan import Rulebook, Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the rows without a critical fault hold."""

    count: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, int] = field(default_factory=dict)
    own_scopes: int = 0
    inferred_scope: tuple[str, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What was found in a batch."""

    kept: Kept | None = None
    """None where the batch is rejected."""
    issues: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    flagged: dict[str, set[int]] = field(default_factory=dict)
    """Code → the rows that have it."""
    aside: frozenset[int] = frozenset()
    """The rows that have a critical fault."""
    metrics: tuple[Metric, ...] = ()


def report_on(
    batch: BatchRef,
    rulebook: Rulebook,
    metadata: BatchMetadata | None,
    assessed: Assessed,
    *,
    reader: str | None = None,
    scan: Scan | None = None,
    expectations: tuple[Expectation, ...] = (),
) -> QualityReport:
    """Put the report together; `scan` is None where the file could not be read."""
    read = len(scan.numbers) if scan else 0
    kept = assessed.kept or Kept()
    is_rejected = assessed.kept is None
    action = Action.ACCEPT if read == kept.count else Action.QUARANTINE
    return QualityReport(
        batch=batch,
        admission=rulebook.digest,
        action=Action.REJECT if is_rejected else action,
        reader=reader,
        read=read,
        accepted=kept.count,
        quarantined=0 if is_rejected else read - kept.count,
        rejected=read if is_rejected else 0,
        labels=kept.labels,
        scope=metadata.scope if metadata else kept.inferred_scope,
        scope_from="delivered" if metadata else "inferred",
        corrects=metadata.corrects if metadata and scan else None,
        own_scopes=kept.own_scopes,
        renamed=kept.renamed,
        issues=assessed.issues,
        warnings=assessed.warnings,
        left_out=scan.findings.left_out if scan else {},
        expectations=expectations,
    )
