"""DataTurks' export, one text a line; the end offset is the span's last character.

{"content": …, "annotation": [{"label": ["PROTOCOL"], "points": [{"start": 4, "end": 6, "text": "TLS"}]}], …}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from techner.formats.rows import Row, ShapeError, offset

NAME = "DataTurks"
_OTHERS = ("entities", "ents", "spans", "_task_hash", "annotation_id", "label", "labels", "annotations")


def recognises(record: Any) -> bool:
    """Say whether the record has content and annotations with points."""
    if not isinstance(record, dict) or "content" not in record or not record.keys().isdisjoint(_OTHERS):
        return False
    said = record.get("annotation", 0)
    has_points = isinstance(said, list) and all(isinstance(one, dict) and "points" in one for one in said)
    return (said is None or has_points) and not isinstance(record.get("data"), dict)


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text and entities; a text marked as done and without annotation has no entities.

    Raises ShapeError for a span in several pieces.
    """
    said, answer = record["annotation"], None
    if said is None:
        match record.get("metadata"):
            case {"status": "done"}:
                said = []
            case {"status": str(status)} if status.lower() == "skipped":
                answer = "ignore"
    found = [*_entities(said or ())]
    texts = tuple(text for _, text in found)
    return Row(
        number=number,
        raw=raw,
        text=record["content"],
        entities=None if said is None else [entity for entity, _ in found],
        answer=answer,
        covered=texts if any(texts) else (),
    )


def _entities(said: Any) -> Iterator[tuple[list[Any], str | None]]:
    for one in said:
        points = one["points"]
        if not isinstance(points, list) or len(points) != 1 or not isinstance(points[0], dict):
            raise ShapeError("the points of an annotation are not one range")
        start, end = (offset(points[0].get(key)) for key in ("start", "end"))
        text = points[0].get("text")
        end = end + 1 if type(end) is int else end
        labels = one.get("label")
        for label in labels if isinstance(labels, list) and labels else [labels or None]:
            yield [start, end, label], text if isinstance(text, str) else None
