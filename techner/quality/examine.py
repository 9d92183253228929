"""Examine a batch: every row ends in exactly one place."""

import base64
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from techner.core.errors import BatchError, IntegrityError
from techner.core.examples import Example, text_key
from techner.core.manifest import BatchRef
from techner.core.night import IssueFound, QualityReport
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Row, read_rows
from techner.quality.checks import parse_row, scope_faults, span_faults
from techner.quality.report import rejected, with_accepted
from techner.quality.scope import delivered_scope, disagree, inferred_scope, with_scope
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

    scheme: LabelScheme
    policy: QualityPolicy
    frozen_texts: frozenset[str]
    """Text keys of the regression set and the holdout."""
    tokenize: Tokenize
    """Character ranges of the tokens that the model to be trained will see."""
    digest: str
    metadata: bytes | None = None
    """What was delivered beside the batch."""


def examine(data: bytes, batch: BatchRef, admission: Admission) -> Examined:
    """Read and check a delivery; an unreadable one is a rejected report, never an exception."""
    scope, faults = _delivered_scope(admission)
    try:
        reader, found = read_rows(data)
        rows = list(found)
    except BatchError as error:
        faults.append(_of_batch(error))
        report = rejected(batch, admission=admission.digest, scope=scope, issues=tuple(faults))
        return Examined(report=report, accepted=(), quarantine=b"")
    examples, issues = _check(rows, admission, scope or None)
    flagged: dict[str, set[int]] = {}
    for issue in issues:
        flagged.setdefault(issue.code, set()).add(issue.row or 0)
    expectations = expect([row.number for row in rows], flagged)
    bad = set().union(*flagged.values()) if flagged else set()
    accepted = {number: example for number, example in examples.items() if number not in bad}
    faults += _batch_faults(len(rows), len(bad), accepted.values(), admission.policy)
    report = replace(
        rejected(batch, admission=admission.digest, scope=scope, issues=(*faults, *issues)),
        reader=reader,
        read=len(rows),
        rejected=len(rows) if faults else 0,
        expectations=expectations,
    )
    if not faults:
        scope = inferred_scope(accepted.values()) if scope is None else scope
        report = with_accepted(replace(report, scope=scope), rows, accepted, admission.scheme)
    if report.read != report.accepted + report.quarantined + report.rejected:
        raise IntegrityError(f"{batch.name}: rows were lost: {report}")
    return Examined(
        report=report,
        accepted=() if faults else tuple(with_scope(example, scope) for example in accepted.values()),
        quarantine=_quarantine(rows, issues, everything=bool(faults)),
    )


def _delivered_scope(admission: Admission) -> tuple[tuple[str, ...] | None, list[IssueFound]]:
    """Return the scope in the metadata, None where there is none, and what is wrong with it.

    Metadata that is wrong rejects the batch, whatever its rows are.
    """
    if admission.metadata is None:
        return None, []
    try:
        return delivered_scope(admission.metadata, admission.scheme), []
    except BatchError as error:
        return (), [_of_batch(error)]


def _of_batch(error: BatchError) -> IssueFound:
    code, _, detail = str(error).partition(": ")
    return IssueFound(row=None, code=code, detail=_writable(detail))


def _check(
    rows: Iterable[Row], admission: Admission, scope: tuple[str, ...] | None
) -> tuple[dict[int, Example], list[IssueFound]]:
    examples: dict[int, Example] = {}
    issues = []
    for row in rows:
        example, faults = parse_row(row, admission.policy, admission.scheme)
        if example:
            example = examples[row.number] = with_scope(example, scope)
            faults += [*span_faults(example, admission.tokenize), *scope_faults(example)]
            if text_key(example.text) in admission.frozen_texts:
                faults.append(("leak", "this text scores the model; it must not train it"))
        issues += [IssueFound(row=row.number, code=code, detail=_writable(text)) for code, text in faults]
    issues += _duplicates(examples)
    return examples, sorted(issues, key=lambda issue: (issue.row or 0, issue.code))


def _writable(detail: str) -> str:
    """Escape what UTF-8 cannot write: a detail may quote half of a surrogate pair."""
    return detail.encode("utf-8", "backslashreplace").decode()


def _duplicates(examples: dict[int, Example]) -> list[IssueFound]:
    """Later exact copies go; where copies disagree all go, because none can be trusted.

    Copies of other scopes are neither, as long as they say the same of what both looked for.
    """
    by_text: dict[str, list[int]] = {}
    for number, example in examples.items():
        by_text.setdefault(text_key(example.text), []).append(number)
    issues = []
    for numbers in by_text.values():
        if disagree(examples[number] for number in numbers):
            others = ", ".join(map(str, numbers))
            issues += [IssueFound(row=n, code="conflict", detail=f"rows {others} disagree") for n in numbers]
            continue
        first: dict[object, int] = {}
        for number in numbers:
            said = (examples[number].spans, examples[number].scope)
            if first.setdefault(said, number) != number:
                detail = f"same as row {first[said]}"
                issues.append(IssueFound(row=number, code="duplicate", detail=detail))
    return issues


def _batch_faults(
    read: int, bad: int, accepted: Collection[Example], policy: QualityPolicy
) -> Iterable[IssueFound]:
    if bad > policy.max_quarantine_share * read:
        limit = f"{policy.max_quarantine_share:.0%}"
        detail = f"{bad} of {read} rows are faulty, more than {limit}: fix the export and deliver it again"
        yield IssueFound(row=None, code="quarantine_share", detail=detail)
    elif not any(example.spans for example in accepted):
        yield IssueFound(row=None, code="no_entities", detail="no accepted row has a span")


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
