"""Rows that were set aside, as a file that a person corrects and delivers again."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from techner.core.delivery import BatchMetadata, QualityReport
from techner.core.errors import BatchError, ObjectMissing
from techner.core.scheme import LabelScheme
from techner.inbox.admissions import admission_folder
from techner.store import Store

NOTHING_TO_CORRECT = ("answer", "duplicate", "leak")
"""Rows with these codes are left out: their text is already learnt, or must not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A file to correct, and its counts: `corrected + open + left_out` rows were set aside."""

    lines: bytes
    metadata: BatchMetadata | None
    """Goes beside the file; None if it is unknown what the annotators looked for."""
    corrected: int
    """Rows with certain corrections; a person may still have to correct the rest of the row."""
    open: int
    left_out: int


def correction(store: Store, report: QualityReport, scheme: LabelScheme) -> Correction:
    """Return the rows that an examination set aside; raises BatchError if there are none."""
    key = f"{admission_folder(report.batch, report.admission)}/quarantine.jsonl"
    try:
        aside = [json.loads(line) for line in store.get(key).splitlines()]
    except ObjectMissing as error:
        raise BatchError(
            f"{report.batch.name!r} has not been examined yet; wait for the next night"
        ) from error
    if not aside:
        raise BatchError(f"no row of {report.batch.name!r} was set aside{_unread(report)}")
    kept = [line for line in aside if not _is_done_with(line["reasons"])]
    records = [_record(line, report.batch.name) for line in kept]
    corrected = sum(bool(record["techner"]["fixes"]) for record in records)
    return Correction(
        lines=b"".join(json.dumps(record).encode() + b"\n" for record in records),
        metadata=_metadata(report, records, scheme),
        corrected=corrected,
        open=len(records) - corrected,
        left_out=len(aside) - len(records),
    )


def _unread(report: QualityReport) -> str:
    return ": the file could not be read; export it again" if report.reader is None else ""


def _is_done_with(reasons: Iterable[str]) -> bool:
    return any(reason.partition(":")[0] in NOTHING_TO_CORRECT for reason in reasons)


def _record(line: dict[str, Any], batch: str) -> dict[str, Any]:
    """Return a row to correct; one that is not a record gets no text, so it is not learnt as it is."""
    about = {"batch": batch, "row": line["row"], "reasons": line["reasons"], "fixes": line.get("fixes", [])}
    if "record" in line:
        return {**line["record"], "techner": about}
    raw = base64.b64decode(line["raw"]).decode("utf-8", "backslashreplace")
    return {"text": None, "entities": None, "techner": about | {"raw": raw}}


def _metadata(
    report: QualityReport, records: list[dict[str, Any]], scheme: LabelScheme
) -> BatchMetadata | None:
    """Return what is corrected, and its scope: as delivered, else all labels that the batch used."""
    scope = set(report.scope)
    if report.scope_from == "inferred":
        entities = (entity for record in records for entity in record["entities"] or ())
        scope.update(label for label in map(_label, entities) if label and not scheme.fault(label))
    return BatchMetadata(scope=tuple(sorted(scope)), corrects=report.batch.digest) if scope else None


def _label(entity: Any) -> str | None:
    match entity:
        case [_, _, str(label)]:
            return label
        case _:
            return None
