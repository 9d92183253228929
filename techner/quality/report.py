"""The quality report of a batch, put together from what was found."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from techner.core.examples import Example
from techner.core.manifest import BatchRef
from techner.core.night import IssueFound, QualityReport
from techner.core.scheme import LabelScheme
from techner.formats import Row


def rejected(
    batch: BatchRef, *, admission: str, scope: tuple[str, ...] | None, issues: tuple[IssueFound, ...]
) -> QualityReport:
    """Return the report of a batch of which no row can be used; more is added for one that can be read."""
    return QualityReport(
        batch=batch,
        admission=admission,
        action="reject",
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


def with_accepted(
    report: QualityReport, rows: Iterable[Row], accepted: Mapping[int, Example], scheme: LabelScheme
) -> QualityReport:
    """Return the report of a batch that is not rejected."""
    kept = [row for row in rows if row.number in accepted]
    old = (label for row in kept for _, _, label in row.entities if label in scheme.moves.renamed)
    new = (span.label for example in accepted.values() for span in example.spans)
    return replace(
        report,
        action="accept" if report.read == len(accepted) else "quarantine",
        accepted=len(accepted),
        quarantined=report.read - len(accepted),
        labels=dict(sorted(Counter(new).items())),
        own_scopes=sum(row.scope is not None for row in kept),
        renamed=dict(sorted(Counter(old).items())),
    )
