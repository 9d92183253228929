"""spaCy's `Doc.to_json()` and displaCy's input: `{"text": …, "ents": [{"start", "end", "label"}, …]}`."""

from collections.abc import Mapping
from typing import Any

from techner.formats.objects import read_objects
from techner.formats.rows import Row, ShapeError

NAME = "spaCy JSON"
_OTHERS = (
    "entities",
    "_task_hash",
    "annotation_id",
    "label",
    "labels",
    "annotations",
    "annotation",
    "relations",
)


def recognises(record: Any) -> bool:
    """Say whether the record has a list `ents`, and no other reader takes it."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("ents"), list)
        and record.keys().isdisjoint(_OTHERS)
        and not isinstance(record.get("data"), dict)
    )


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text and entities; raises ShapeError if there are also span groups."""
    groups = record.get("spans")
    if isinstance(groups, list) or (isinstance(groups, dict) and any(groups.values())):
        raise ShapeError("both 'ents' and 'spans' are annotations: keep one as 'ents'")
    entities, covered = read_objects(record["ents"])
    return Row(
        number=number,
        raw=raw,
        text=record.get("text"),
        entities=entities,
        scope=record.get("scope"),
        covered=covered,
    )
