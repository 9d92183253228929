"""doccano's exports, of all its versions.

    {"text": …, "label": [[start, end, label], …]}                                        1.5 and later
    {"data": …, "label": [[start, end, label], …]}                                        1.3 and 1.4
    {"text": …, "labels": [[start, end, label], …]}                                       1.2 and before
    {"text": …, "annotations": [{"start_offset", "end_offset", "label"}, …]}              the same as JSON
    {"text": …, "entities": [{"start_offset", …}, …], "relations": […], "Comments": …}    with relations

The JSON of 1.2 and before has numbers for labels; `quality` refuses them as unknown.
"""

from collections.abc import Mapping
from typing import Any

from techner.formats.rows import Row, ShapeError, texts_of

NAME = "doccano"
_KEYS = ("label", "labels", "annotations")
_OTHERS = frozenset(("entities", "ents", "spans", "_task_hash", "annotation_id", "classes"))
"""Keys of JSONL, Prodigy and Label Studio records, which may also have `label`."""


def recognises(record: Any) -> bool:
    """Say whether one of doccano's keys holds a list of spans, in a record that no other reader takes."""
    if not isinstance(record, dict):
        return False
    entities = record.get("entities")
    if isinstance(entities, list):
        is_ours = not entities or _is_span(entities[0])
        return is_ours and ("relations" in record or (bool(entities) and isinstance(entities[0], dict)))
    if not _OTHERS.isdisjoint(record):
        return False
    return not isinstance(record.get("data"), dict) and _key(record) is not None


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text and entities, not relations or comments; raises ShapeError for two lists that differ."""
    lists = (one for one in ("entities", *_KEYS) if isinstance(record.get(one), list))
    key = _key(record) or next(lists, None)
    if key is None:
        raise ShapeError("the record has no list of entities")
    spans = record[key]
    others = [one for one in _KEYS if one != key and _are_spans(record.get(one)) and record[one]]
    if others and [_entity(span) for span in record[others[0]]] != [_entity(span) for span in spans]:
        raise ShapeError(f"both {key!r} and {others[0]!r} are lists of annotations, and differ: keep one")
    return Row(
        number=number,
        raw=raw,
        text=record.get("text", record.get("data")),
        entities=[_entity(span) for span in spans],
        scope=record.get("scope"),
        covered=texts_of(spans),
    )


def _key(record: Mapping[str, Any]) -> str | None:
    if "entities" in record:
        return None
    has_text = "text" in record or "data" in record
    return next((key for key in _KEYS if _are_spans(found := record.get(key)) and (found or has_text)), None)


def _are_spans(value: Any) -> bool:
    """Tell a list of spans from one of classes, of tags, or of texts with their entities."""
    return isinstance(value, list) and (not value or any(map(_is_span, value)))


def _is_span(value: Any) -> bool:
    if isinstance(value, dict):
        return "start_offset" in value
    return isinstance(value, list) and not any(isinstance(part, (dict, list)) for part in value)


def _entity(span: Any) -> Any:
    if not isinstance(span, dict):
        return span
    return [span.get("start_offset"), span.get("end_offset"), span.get("label")]
