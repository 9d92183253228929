"""Examine a batch: every row ends in exactly one place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from techner.core.delivery import Action, BatchMetadata, BatchRef, Finding, QualityReport
from techner.core.errors import FileError, IntegrityError
from techner.core.examples import Example
from techner.core.redact import redact
from techner.formats import Row, read_rows
from techner.quality.disagreement import CODE, SecondReader, disagreements
from techner.quality.expectations import expect
from techner.quality.fault import writable
from techner.quality.metrics import Metric, batch_metrics
from techner.quality.quarantine import quarantined
from techner.quality.report import kept_by, rejected, with_kept
from techner.quality.scan import Rulebook, Scan, scanned
from techner.quality.scope import delivered_metadata
from techner.quality.spill import restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The report, and what it counts; examples and rows are read again when they are asked for."""

    report: QualityReport
    data: bytes
    scan: Scan | None
    """None where the file could not be read."""
    flagged: dict[str, set[int]] = field(default_factory=dict)
    """Code → the rows that have it."""
    aside: frozenset[int] = frozenset()
    """The rows that have a critical fault."""
    metrics: tuple[Metric, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)
    """What Great Expectations wrote down."""

    @property
    def accepted(self) -> Iterator[Example]:
        """Yield the accepted examples in the order they came."""
        if self.scan is None or self.report.action is Action.REJECT:
            return
        for one in self.scan.spill:
            if one[0] not in self.aside:
                yield restored(one, self.report.scope)

    @property
    def surfaces(self) -> dict[str, dict[str, int]]:
        """Return what is annotated in the accepted rows: label → surface → count, the usual ones first."""
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
        """Yield a JSON line for every row that was set aside: number, reasons, raw bytes, corrected row."""
        if self.scan is not None and self.report.accepted < self.report.read:
            yield from quarantined(self.rows(), self.report, self.scan)

    def rows(self) -> Iterator[Row]:
        """Yield the rows as delivered, as far as they were read; none where the file cannot be read."""
        if self.scan is not None:
            yield from islice(read_rows(self.data)[1], len(self.scan.numbers))


def examine(
    data: bytes, batch: BatchRef, rulebook: Rulebook, *, history: Mapping[str, int] | None = None
) -> Examined:
    """Read and check a delivery, and let Great Expectations record it.

    An unreadable delivery is a rejected report, never an exception. `history` are the spans a label that
    production has learnt. Raises IntegrityError where the record cannot be made, or says something else.
    """
    judged = assess(data, batch, rulebook, history=history)
    if judged.scan is None:
        return judged
    recorded = expect(judged.scan.numbers, judged.flagged, judged.metrics, policy=rulebook.policy)
    return replace(
        judged,
        report=replace(judged.report, expectations=recorded.expectations),
        results=recorded.results,
    )


def assess(
    data: bytes, batch: BatchRef, rulebook: Rulebook, *, history: Mapping[str, int] | None = None
) -> Examined:
    """Read and check a delivery, without a record."""
    metadata, faults = _delivered(rulebook)
    scope = metadata.scope if metadata else None
    try:
        _refuse_large(data, rulebook.policy.max_delivery_bytes)
        reader, rows = read_rows(data)
        scan = scanned(rows, rulebook, scope or None)
    except FileError as error:
        issues = (*faults, _of_batch(error))
        report = rejected(batch, admission=rulebook.digest, scope=scope, issues=issues)
        return Examined(report=report, data=data, scan=None)
    report = rejected(batch, admission=rulebook.digest, scope=scope, issues=())
    report = replace(report, reader=reader, corrects=metadata.corrects if metadata else None)
    judged = Examined(report=report, data=data, scan=scan)
    return _judged(judged, scan, faults, scope=scope, history=history or {})


def _judged(
    read: Examined,
    scan: Scan,
    metadata_faults: list[Finding],
    *,
    scope: tuple[str, ...] | None,
    history: Mapping[str, int],
) -> Examined:
    policy = scan.rulebook.policy
    flagged = dict(scan.findings.flagged)
    bad = scan.findings.critical_rows(policy)
    kept = kept_by(scan, bad)
    wrong = [fault.detail for fault in metadata_faults]
    metrics = tuple(
        batch_metrics(scan, bad=len(bad), labels=kept.labels, metadata_faults=wrong, history=history)
    )
    found = [_of_metric(metric) for metric in metrics if not metric.passed] + scan.findings.listed
    issues = tuple(issue for issue in found if policy.severity(issue.code) == "critical")
    is_rejected = any(issue.row is None for issue in issues)
    report = replace(
        read.report,
        read=len(scan.numbers),
        rejected=len(scan.numbers) if is_rejected else 0,
        issues=issues,
        warnings=tuple(issue for issue in found if policy.severity(issue.code) == "warning"),
        left_out=scan.findings.left_out,
    )
    if not is_rejected:
        report = with_kept(report, kept, scope)
        if scan.rulebook.second and policy.model_rows:
            second = _second_read(scan, scan.rulebook.second, report, bad)
            flagged[CODE] = {issue.row or 0 for issue in second}
            report = replace(report, warnings=(*report.warnings, *second))
    if report.read != report.accepted + report.quarantined + report.rejected:
        raise IntegrityError(
            f"{report.batch.name}: rows were lost: {report.read} read, {report.accepted} kept"
        )
    return replace(read, report=report, flagged=flagged, aside=frozenset(bad), metrics=metrics)


def _second_read(scan: Scan, reader: SecondReader, report: QualityReport, bad: set[int]) -> list[Finding]:
    accepted = (one for one in scan.spill if one[0] not in bad)
    return disagreements(
        accepted,
        report.accepted,
        reader,
        scope=report.scope,
        moves=scan.rulebook.scheme.moves,
        policy=scan.rulebook.policy,
    )


def _delivered(rulebook: Rulebook) -> tuple[BatchMetadata | None, list[Finding]]:
    """Return the metadata, None where there is none, and what is wrong with it.

    Metadata that is wrong rejects the batch, whatever its rows are.
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
