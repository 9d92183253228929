"""Label Studio's JSON: tasks with `data` and, in `annotations`, what each annotator marked.

Its offsets count UTF-16 units, as JavaScript does. They stay as they are: `quality` finds what is shifted.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from techner.formats.rows import Row, ShapeError

NAME = "Label Studio"


def recognises(record: Any) -> bool:
    """Say whether the record has an object of data; only Label Studio's tasks do."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("data"), dict)
        and record.keys().isdisjoint(("entities", "spans", "_task_hash"))
    )


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find the text, and the entities on which all annotations agree that were not cancelled.

    Predictions and drafts are no annotations. A task that was only skipped is answered `ignore`.
    Raises ShapeError.
    """
    annotations = record.get("annotations", record.get("completions"))
    said = [_entities(one) for one in _submitted(annotations or ())]
    for place, other in enumerate(said[1:], 2):
        if not _same(said[0], other):
            detail = f"annotations 1 and {place} of the task disagree: keep one and cancel the others"
            return Row(number=number, raw=raw, fault=("conflict", detail))
    return Row(
        number=number,
        raw=raw,
        text=text_of(record["data"]),
        entities=said[0] if said else None,
        answer="ignore" if annotations and not said else None,
    )


def text_of(data: Mapping[str, Any]) -> Any:
    """Return the text of a task: `text`, else the only string there is."""
    strings = [value for value in data.values() if isinstance(value, str)]
    return data["text"] if "text" in data else strings[0] if len(strings) == 1 else None


def entities_of(region: Mapping[str, Any]) -> list[list[Any]]:
    """Return an entity for each label of a region, or one of no label; raises ShapeError for HTML."""
    for key in region:
        if key.endswith("labels") and key != "labels":
            raise ShapeError(f"{key!r} are no offsets into one text: annotate plain text with <Labels>")
    labels = region.get("labels")
    if not isinstance(labels, list) or not labels:
        labels = [None]
    return [[region.get("start"), region.get("end"), label] for label in labels]


def _submitted(annotations: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(annotations, (list, tuple)):
        raise ShapeError("the annotations are not a list")
    for annotation in annotations:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise ShapeError("an annotation has no list 'result'")
        if not annotation.get("was_cancelled") and not annotation.get("skipped"):
            yield annotation


def _entities(annotation: Mapping[str, Any]) -> list[list[Any]]:
    """Return what one annotator marked; choices, ratings and relations mark nothing."""
    entities: list[list[Any]] = []
    marked = set()
    for region in annotation["result"]:
        if not isinstance(region, dict):
            raise ShapeError("a region is not an object")
        value, kind = region.get("value"), region.get("type", "labels")
        if not isinstance(value, dict) or not str(kind).endswith("labels"):
            continue
        entities += entities_of(value)
        marked.add(str(region.get("to_name")))
    if len(marked) > 1:
        raise ShapeError("regions of several texts: deliver one text a task")
    return entities


def _same(left: list[list[Any]], right: list[list[Any]]) -> bool:
    """Say whether two annotators marked the same, in any order; `1`, `1.0` and `true` are not the same."""
    keys = [sorted([[_key(part) for part in entity] for entity in said]) for said in (left, right)]
    return keys[0] == keys[1]


def _key(part: Any) -> str:
    # A list or object is no offset and no label: the row is faulty, and a deep one cannot be shown.
    return f"{type(part).__name__} {'' if isinstance(part, (list, dict)) else part}"
