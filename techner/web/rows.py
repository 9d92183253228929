"""What pages show of a write-once document: a small part, made of it alone and kept in the index."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from techner.core.codes import CODES
from techner.core.delivery import Action, BatchRef, QualityReport
from techner.core.document import document
from techner.core.manifest import Manifest
from techner.core.records import Decision, Generation, Judgement, RunOutcome
from techner.core.verdict import Against, Check, CheckState, Outcome
from techner.documents import parse
from techner.registry.versions import named_manifest

OLD, NEW = "pretrained micro F1", "new micro F1"
"""What the gate calls the checks that the chart of nights shows."""
TELLING = 3
"""Checks that did not pass which the row of a night holds."""
MAX_CHARS = 300
"""Of a text that people wrote, in a list; the page about the thing itself has all of it."""


@document
class Night:
    """A decided run, of a judgement."""

    id: str
    outcome: RunOutcome
    is_judged: bool
    """Whether the gate said anything: it does not about a skipped run."""
    asked: bool
    """Whether the gate left the decision to a person."""
    reason: str
    version: str | None
    when: datetime
    batches: tuple[BatchRef, ...]
    has_report: bool
    old: Check | None
    """The pretrained labels against the origin; None if the run was not judged."""
    new: Check | None
    """The new labels; its candidate is their F1."""
    before: Check | None
    """The new labels against production."""
    telling: tuple[Check, ...]
    """The first decisive checks that did not pass, failed ones first."""


@document
class VersionRow:
    """A version, of its manifest."""

    number: int
    parent: str | None
    new_labels: int
    batches: int
    """How many it has learnt, its parents' included."""
    size_bytes: int


@document
class Examination:
    """The examination of a batch, of its report."""

    action: Action
    reader: str | None
    read: int
    accepted: int
    aside: int
    """Rows that were quarantined or rejected."""
    first: str
    """The row and the code of the first fault; empty if there is none."""
    detail: str
    """What is wrong there, in words, which may quote the text."""
    faults: int


def night_row(key: str, data: bytes) -> Night:
    return night_of(parse(Judgement, data, where=key))


def night_of(found: Judgement) -> Night:
    checks = found.verdict.checks
    unpassed = [check for check in checks if check.decisive and check.state is not CheckState.PASSED]
    unpassed.sort(key=lambda check: check.state is not CheckState.FAILED)
    return Night(
        id=found.id,
        outcome=found.outcome,
        is_judged=bool(checks),
        asked=bool(checks) and found.verdict.outcome is Outcome.ASK,
        reason=cut(found.reason),
        version=found.version,
        when=found.when,
        batches=found.batches,
        has_report=found.report is not None,
        old=_named(checks, OLD, Against.ORIGIN),
        new=_named(checks, NEW, Against.FLOOR),
        before=_named(checks, NEW, Against.PRODUCTION),
        telling=tuple(unpassed[:TELLING]),
    )


def _named(checks: tuple[Check, ...], name: str, against: Against) -> Check | None:
    return next((check for check in checks if (check.name, check.against) == (name, against)), None)


def version_row(key: str, data: bytes) -> VersionRow:
    found: Manifest = named_manifest(key.split("/")[1], data)
    return VersionRow(
        number=found.number,
        parent=found.parent,
        new_labels=len(found.new_labels),
        batches=found.lineage.batch_count,
        size_bytes=found.size_bytes,
    )


def examination_row(key: str, data: bytes) -> Examination:
    found = parse(QualityReport, data, where=key)
    first = next(iter(found.issues), None)
    return Examination(
        action=found.action,
        reader=found.reader,
        read=found.read,
        accepted=found.accepted,
        aside=found.quarantined + found.rejected,
        first=f"{_row(first.row)}{first.code}" if first else "",
        detail=cut(first.detail) if first else "",
        faults=len(found.issues) + sum(faults_left_out(found).values()),
    )


def faults_left_out(report: QualityReport) -> dict[str, int]:
    """Return how many faults of each code the report does not list."""
    warnings = warnings_left_out(report)
    return {code: count for code, count in report.left_out.items() if code not in warnings}


def warnings_left_out(report: QualityReport) -> dict[str, int]:
    """Return how many warnings of each code the report does not list."""
    warnings, faults = ({one.code for one in found} for found in (report.warnings, report.issues))

    def is_warning(code: str) -> bool:
        by_itself = code not in faults and code in CODES and CODES[code].severity == "warning"
        return code in warnings or by_itself

    return {code: count for code, count in report.left_out.items() if is_warning(code)}


def _row(number: int | None) -> str:
    return "" if number is None else f"row {number}: "


def decision_row(key: str, data: bytes) -> Decision:
    return parse(Decision, data, where=key)


def move_row(key: str, data: bytes) -> Generation:
    return parse(Generation, data, where=key)


def cut(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"


MAKERS: dict[type, Callable[[str, bytes], Any]] = {
    Night: night_row,
    VersionRow: version_row,
    Examination: examination_row,
    Decision: decision_row,
    Generation: move_row,
}
"""How each kind of row is made of a document's key and bytes."""
