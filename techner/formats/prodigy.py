"""Prodigy's `db-out`, a line a task.

{"text": …, "spans": [{"start": 4, "end": 7, "label": "PROTOCOL", …}, …], "answer": "accept", …}
"""

from collections.abc import Mapping
from typing import Any

from techner.formats.jsonl import answer_of
from techner.formats.rows import Row

NAME = "Prodigy"


def recognises(record: Any) -> bool:
    """Say whether the record has spans, or the hash that Prodigy gives to every task."""
    if not isinstance(record, dict) or "entities" in record:
        return False
    return "spans" in record or "_task_hash" in record


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text, entities and answer."""
    spans = record.get("spans")
    if spans is None and record.get("_view_id") in ("ner_manual", "spans_manual"):
        spans = []  # Prodigy leaves the key out where the annotator marked nothing
    return Row(
        number=number,
        raw=raw,
        text=record.get("text"),
        entities=[_entity(span) for span in spans] if isinstance(spans, list) else spans,
        scope=record.get("scope"),
        answer=answer_of(record),
    )


def _entity(span: Any) -> Any:
    if not isinstance(span, dict):
        return span
    return [span.get("start"), span.get("end"), span.get("label")]
