"""Label Studio's JSON-MIN: an annotation a record, its regions under the name of the control tag.

    {"text": …, "label": [{"start", "end", "text", "labels"}, …], "annotator": 1, "annotation_id": 1, …}

Two annotators of a task are two records; copies that disagree are a fault that `quality` finds.
"""

from collections.abc import Mapping
from typing import Any

from techner.formats.label_studio import entities_of, text_of
from techner.formats.rows import Row

NAME = "Label Studio JSON-MIN"
_OF_THE_TOOL = frozenset(("id", "annotator", "created_at", "updated_at", "lead_time", "agreement"))


def recognises(record: Any) -> bool:
    """Say whether the record names the annotation that it was made of."""
    return (
        isinstance(record, dict)
        and "annotation_id" in record
        and record.keys().isdisjoint(("entities", "spans", "_task_hash", "ner_tags", "tokens"))
        and not isinstance(record.get("data"), dict)
    )


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find the text and the regions; an annotation without a region is one that found nothing.

    Raises ShapeError.
    """
    regions = [
        region
        for value in record.values()
        if isinstance(value, list)
        for region in value
        if isinstance(region, dict) and "start" in region and "end" in region
    ]
    entities = [entity for region in regions for entity in entities_of(region)]
    annotated = record["annotation_id"] is not None
    text = text_of({key: value for key, value in record.items() if key not in _OF_THE_TOOL})
    return Row(number=number, raw=raw, text=text, entities=entities if annotated else None)
