"""Examine a batch: every row ends in exactly one place."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from techner.core.errors import BatchError, IntegrityError
from techner.core.examples import Example, text_key
from techner.core.manifest import BatchRef
from techner.core.night import IssueFound, QualityReport
from techner.core.policy import QualityPolicy
from techner.formats import Row, read_rows
from techner.quality.checks import parse_row, span_faults
from techner.quality.suite import expect

Tokenize = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    report: QualityReport
    accepted: tuple[Example, ...]
    quarantine: bytes
    """JSONL: row number, reasons, and the raw bytes as delivered (base64)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a batch is examined against."""

    labels: frozenset[str]
    """The label scheme: pretrained labels and those of the policy."""
    policy: QualityPolicy
    frozen_texts: frozenset[str]
    """Text keys of the regression set and the holdout."""
    tokenize: Tokenize
    """Character ranges of the tokens that the model to be trained will see."""
    digest: str


def examine(data: bytes, batch: BatchRef, admission: Admission) -> Examined:
    """Read and check a delivery; an unreadable one is a rejected report, never an exception."""
    try:
        reader, found = read_rows(data)
        rows = list(found)
    except BatchError as error:
        code, _, detail = str(error).partition(": ")
        return _unreadable(batch, admission, IssueFound(row=None, code=code, detail=detail))
    examples, issues = _check(rows, admission)
    faults: dict[str, set[int]] = {}
    for issue in issues:
        if issue.row is not None:
            faults.setdefault(issue.code, set()).add(issue.row)
    expectations = expect([row.number for row in rows], faults)
    bad = set().union(*faults.values()) if faults else set()
    accepted = tuple(example for number, example in examples.items() if number not in bad)
    batch_faults = list(_batch_faults(len(rows), len(bad), accepted, admission.policy))
    rejected = len(rows) if batch_faults else 0
    report = QualityReport(
        batch=batch,
        admission=admission.digest,
        action="reject" if rejected else "quarantine" if bad else "accept",
        reader=reader,
        read=len(rows),
        accepted=0 if rejected else len(accepted),
        quarantined=0 if rejected else len(bad),
        rejected=rejected,
        labels={} if rejected else _label_counts(accepted),
        issues=(*batch_faults, *issues),
        expectations=expectations,
    )
    if report.read != report.accepted + report.quarantined + report.rejected:
        raise IntegrityError(f"{batch.name}: rows were lost: {report}")
    return Examined(
        report=report,
        accepted=() if rejected else accepted,
        quarantine=_quarantine(rows, issues, everything=bool(rejected)),
    )


def _check(rows: Iterable[Row], admission: Admission) -> tuple[dict[int, Example], list[IssueFound]]:
    examples: dict[int, Example] = {}
    issues = []
    for row in rows:
        example, faults = parse_row(row, admission.policy, admission.labels)
        if example:
            examples[row.number] = example
            faults += span_faults(example, admission.tokenize)
            if text_key(example.text) in admission.frozen_texts:
                faults.append(("leak", "this text scores the model; it must not train it"))
        issues += [IssueFound(row=row.number, code=code, detail=_writable(text)) for code, text in faults]
    issues += _duplicates(examples)
    return examples, sorted(issues, key=lambda issue: (issue.row or 0, issue.code))


def _writable(detail: str) -> str:
    """Escape what UTF-8 cannot write: a detail may quote half of a surrogate pair."""
    return detail.encode("utf-8", "backslashreplace").decode()


def _duplicates(examples: dict[int, Example]) -> list[IssueFound]:
    """Later exact copies go; where copies disagree all go, because none can be trusted."""
    by_text: dict[str, list[int]] = {}
    for number, example in examples.items():
        by_text.setdefault(text_key(example.text), []).append(number)
    issues = []
    for numbers in by_text.values():
        first, *later = numbers
        if len({examples[number].spans for number in numbers}) > 1:
            others = ", ".join(map(str, numbers))
            issues += [IssueFound(row=n, code="conflict", detail=f"rows {others} disagree") for n in numbers]
        else:
            issues += [IssueFound(row=n, code="duplicate", detail=f"same as row {first}") for n in later]
    return issues


def _batch_faults(
    read: int, bad: int, accepted: tuple[Example, ...], policy: QualityPolicy
) -> Iterable[IssueFound]:
    if bad > policy.max_quarantine_share * read:
        limit = f"{policy.max_quarantine_share:.0%}"
        detail = f"{bad} of {read} rows are faulty, more than {limit}: fix the export and deliver it again"
        yield IssueFound(row=None, code="quarantine_share", detail=detail)
    elif not any(example.spans for example in accepted):
        yield IssueFound(row=None, code="no_entities", detail="no accepted row has a span")


def _label_counts(examples: Iterable[Example]) -> dict[str, int]:
    return dict(sorted(Counter(span.label for example in examples for span in example.spans).items()))


def _quarantine(rows: Iterable[Row], issues: Iterable[IssueFound], *, everything: bool) -> bytes:
    reasons: dict[int, list[str]] = {}
    for issue in issues:
        if issue.row is not None:
            reasons.setdefault(issue.row, []).append(f"{issue.code}: {issue.detail}")
    return b"".join(
        json.dumps(
            {
                "row": row.number,
                "reasons": reasons.get(row.number, ["the whole batch was rejected"]),
                "raw": base64.b64encode(row.raw).decode(),
            }
        ).encode()
        + b"\n"
        for row in rows
        if everything or row.number in reasons
    )


def _unreadable(batch: BatchRef, admission: Admission, issue: IssueFound) -> Examined:
    report = QualityReport(
        batch=batch,
        admission=admission.digest,
        action="reject",
        reader=None,
        read=0,
        accepted=0,
        quarantined=0,
        rejected=0,
        labels={},
        issues=(issue,),
        expectations=(),
    )
    return Examined(report=report, accepted=(), quarantine=b"")
