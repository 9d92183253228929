"""Examine a batch: every row ends in exactly one place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from techner.core.delivery import Action, BatchMetadata, BatchRef, Finding, QualityReport
from techner.core.errors import FileError
from techner.core.examples import Example
from techner.core.redact import redact
from techner.formats import Row, read_rows
from techner.quality.disagreement import CODE, SecondReader, disagreements
from techner.quality.examples_on_disk import restored
from techner.quality.expectations import Recorded, expect
from techner.quality.fault import writable
from techner.quality.metrics import Metric, batch_metrics
from techner.quality.quarantine import quarantined
from techner.quality.report import Assessed, kept_by, report_on
from techner.quality.scan import Rulebook, Scan, scanned
from techner.quality.scope import delivered_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The report and its findings; examples and rows are read again on demand."""

    report: QualityReport
    data: bytes
    scan: Scan | None
    """None if the file could not be read."""
    flagged: dict[str, set[int]] = field(default_factory=dict)
    """Code → the rows that have it."""
    aside: frozenset[int] = frozenset()
    """The rows that have a critical fault."""
    metrics: tuple[Metric, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)
    """The result documents of Great Expectations."""

    @property
    def accepted(self) -> Iterator[Example]:
        """Yield the accepted examples in the order of their rows."""
        if self.scan is None or self.report.action is Action.REJECT:
            return
        for one in self.scan.spill:
            if one[0] not in self.aside:
                yield restored(one, self.report.scope)

    @property
    def surfaces(self) -> dict[str, dict[str, int]]:
        """Return what is annotated in the accepted rows: label → surface → count, most frequent first."""
        found: dict[str, Counter[str]] = {}
        for example in self.accepted:
            for span in example.spans:
                found.setdefault(span.label, Counter())[example.text[span.start : span.end]] += 1
        return {
            label: dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
            for label, counts in sorted(found.items())
        }

    @property
    def quarantine(self) -> Iterator[bytes]:
        """Yield one JSON line for each row that was set aside: number, reasons, raw bytes, corrected row."""
        if self.scan is not None and self.report.accepted < self.report.read:
            yield from quarantined(self.rows(), self.report, self.scan)

    def rows(self) -> Iterator[Row]:
        """Yield the rows as delivered, as far as they were read; none if the file cannot be read."""
        if self.scan is not None:
            yield from islice(read_rows(self.data)[1], len(self.scan.numbers))


def examine(
    data: bytes, batch: BatchRef, rulebook: Rulebook, *, history: Mapping[str, int] | None = None
) -> Examined:
    """Read and check a delivery, and let Great Expectations record it.

    An unreadable delivery gives a report that rejects it, never an exception. `history` counts the spans of
    each label that production has learnt. Raises IntegrityError if the record cannot be made or differs.
    """
    return _examined(data, batch, rulebook, history or {}, record=True)


def assess(
    data: bytes, batch: BatchRef, rulebook: Rulebook, *, history: Mapping[str, int] | None = None
) -> Examined:
    """Read and check a delivery without a record."""
    return _examined(data, batch, rulebook, history or {}, record=False)


def _examined(
    data: bytes, batch: BatchRef, rulebook: Rulebook, history: Mapping[str, int], *, record: bool
) -> Examined:
    metadata, wrong = _delivered(rulebook)
    try:
        _refuse_large(data, rulebook.policy.max_delivery_bytes)
        reader, rows = read_rows(data)
        scan = scanned(rows, rulebook, (metadata.scope or None) if metadata else None)
    except FileError as error:
        report = report_on(batch, rulebook, metadata, Assessed(issues=(*wrong, _of_batch(error))))
        return Examined(report=report, data=data, scan=None)
    assessed = _assessed(scan, metadata, wrong, history)
    recorded = Recorded(expectations=(), results={})
    if record:
        recorded = expect(scan.numbers, assessed.flagged, assessed.metrics, policy=rulebook.policy)
    report = report_on(
        batch, rulebook, metadata, assessed, reader=reader, scan=scan, expectations=recorded.expectations
    )
    return Examined(
        report=report,
        data=data,
        scan=scan,
        flagged=assessed.flagged,
        aside=assessed.aside,
        metrics=assessed.metrics,
        results=recorded.results,
    )


def _assessed(
    scan: Scan, metadata: BatchMetadata | None, wrong: list[Finding], history: Mapping[str, int]
) -> Assessed:
    policy = scan.rulebook.policy
    flagged = dict(scan.findings.flagged)
    bad = scan.findings.critical_rows(policy)
    kept = kept_by(scan, bad)
    details = [fault.detail for fault in wrong]
    metrics = tuple(
        batch_metrics(scan, bad=len(bad), labels=kept.labels, metadata_faults=details, history=history)
    )
    found = [_of_metric(metric) for metric in metrics if not metric.passed] + scan.findings.listed
    issues = tuple(issue for issue in found if policy.severity(issue.code) == "critical")
    warnings = [issue for issue in found if policy.severity(issue.code) == "warning"]
    is_rejected = any(issue.row is None for issue in issues)
    if not is_rejected and scan.rulebook.second and policy.model_rows:
        scope = metadata.scope if metadata else kept.inferred_scope
        second = _second_read(scan, scan.rulebook.second, kept.count, scope, bad)
        flagged[CODE] = {issue.row or 0 for issue in second}
        warnings += second
    return Assessed(
        kept=None if is_rejected else kept,
        issues=issues,
        warnings=tuple(warnings),
        flagged=flagged,
        aside=frozenset(bad),
        metrics=metrics,
    )


def _second_read(
    scan: Scan, reader: SecondReader, count: int, scope: tuple[str, ...], bad: set[int]
) -> list[Finding]:
    accepted = (one for one in scan.spill if one[0] not in bad)
    return disagreements(
        accepted, count, reader, scope=scope, moves=scan.rulebook.scheme.moves, policy=scan.rulebook.policy
    )


def _delivered(rulebook: Rulebook) -> tuple[BatchMetadata | None, list[Finding]]:
    """Return the metadata, None if there is none, and what is wrong with it.

    Faulty metadata rejects the batch, whatever its rows are.
    """
    if rulebook.metadata is None:
        return None, []
    try:
        return delivered_metadata(rulebook.metadata, rulebook.scheme), []
    except FileError as error:
        return BatchMetadata(scope=()), [_of_batch(error)]


def _refuse_large(data: bytes, most: int) -> None:
    if len(data) > most:
        limit = f"at most {most:,} (quality.max_delivery_bytes)"
        raise FileError("large", f"the file has {len(data):,} bytes, {limit}: deliver smaller files")


def _of_batch(error: FileError) -> Finding:
    return Finding(row=None, code=error.code, detail=writable(redact(error.detail)))


def _of_metric(metric: Metric) -> Finding:
    return Finding(row=None, code=metric.code, detail=writable(metric.detail), suggestion=metric.suggestion)
