"""Label Studio's JSON: tasks with `data` and, in `annotations`, what each annotator marked.

Its target storage writes one annotation per file, the task inside: `{"result": […], "task": {"data": …}}`.
Its offsets count UTF-16 units, as JavaScript does. They are kept: `quality` finds shifted ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from techner.formats.evidence import annotated_key, usual_key
from techner.formats.label_studio_regions import HTML, covered, marked_in, strings_of, text_of
from techner.formats.rows import Fault, Row, ShapeError

NAME = "Label Studio"
_ALONE = "only {}, without a person's annotation: submit them in Label Studio and export again"
_HEAD = 100
_OTHERS = frozenset(
    ("data", "annotations", "label", "labels", "ents", "tokens", "words", "classes", "annotation")
) | {
    "annotation_id",
    "paragraphs",
    "content",
}
"""Keys of records that are not one annotation with its task."""


def recognises(record: Any) -> bool:
    """Say whether the record has an object `data`, as only Label Studio's tasks do."""
    return (
        isinstance(record, dict)
        and isinstance(_task(record).get("data"), dict)
        and record.keys().isdisjoint(("entities", "spans", "_task_hash"))
    )


def _task(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the task of a record; the record may be one annotation with its task inside."""
    task = record.get("task")
    is_inside = isinstance(task, dict) and "result" in record and _OTHERS.isdisjoint(record)
    return task if isinstance(task, dict) and is_inside else record


def read(number: int, raw: bytes, record: Mapping[str, Any], *, usual: str | None = None) -> Row:
    """Find the text, and the entities on which all annotations agree, cancelled ones aside.

    Predictions and drafts are not annotations. The answer of a skipped task is `ignore`, that of a task
    whose annotations a reviewer rejected is `reject`. `usual` is the key of the text in which the file's
    regions lie. Raises ShapeError if the parts cannot be found.
    """
    task, annotations = _task(record), _annotations(record)
    said = [marked_in(one) for one in _submitted(annotations or ())]
    for place, other in enumerate(said[1:], 2):
        if not _same(said[0].entities, other.entities):
            detail = f"annotations 1 and {place} of the task disagree: keep one and cancel the others"
            return Row(number=number, raw=raw, fault=Fault("conflict", detail))
    if not annotations and (unsubmitted := _unsubmitted(task)):
        raise ShapeError(_ALONE.format(unsubmitted))
    return Row(
        number=number,
        raw=raw,
        text=text_of(task["data"], said[0].regions if said else (), usual),
        entities=said[0].entities if said else None,
        answer=None
        if said or not annotations
        else "reject"
        if any(map(_is_rejected, annotations))
        else "ignore",
        covered=covered(said[0].regions) if said else (),
    )


def usual_text(records: Sequence[Any]) -> str | None:
    """Return the key of `data` in which the regions at the start of the file lie; None if they differ."""
    chosen = []
    for record in records[:_HEAD]:
        with suppress(ShapeError):
            for annotation in _submitted(_annotations(record) or ()):
                regions = marked_in(annotation).regions
                chosen.append(
                    annotated_key(strings_of(_task(record)["data"]), regions, None) if regions else None
                )
    return usual_key(chosen)


def refusal(records: Sequence[Any]) -> str | None:
    """Return why none of a file's records can be read; None unless one reason holds for all."""
    annotated = any(map(_annotations, records))
    if not annotated and (found := [one for one in map(_unsubmitted, map(_task, records)) if one]):
        return f"Label Studio's tasks have {_ALONE.format(found[0])}"
    faults = {fault for record in records if (fault := _fault(record)) is not None}
    return f"Label Studio's {HTML}" if faults == {HTML} else None


def _fault(record: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a record's regions; None if it has no regions."""
    try:
        return "" if any(marked_in(one).entities for one in _submitted(_annotations(record) or ())) else None
    except ShapeError as error:
        return str(error)


def _annotations(record: Mapping[str, Any]) -> Any:
    if _task(record) is not record:
        return [record]
    return record.get("annotations", record.get("completions"))


def _unsubmitted(task: Mapping[str, Any]) -> str | None:
    """Return the key of what was marked but never submitted; None if nothing was."""
    for key in ("predictions", "drafts"):
        found = task.get(key)
        if isinstance(found, list) and any(isinstance(one, dict) and one.get("result") for one in found):
            return key
    return None


def _submitted(annotations: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(annotations, (list, tuple)):
        raise ShapeError("the annotations are not a list")
    for annotation in annotations:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise ShapeError("an annotation has no list 'result'")
        if (
            not annotation.get("was_cancelled")
            and not annotation.get("skipped")
            and not _is_rejected(annotation)
        ):
            yield annotation


def _is_rejected(annotation: Mapping[str, Any]) -> bool:
    """Say whether the last action on the annotation was a reviewer's rejection."""
    if annotation.get("last_action") is not None:
        return bool(annotation["last_action"] == "rejected")
    reviews = annotation.get("reviews")
    last = reviews[-1] if isinstance(reviews, list) and reviews else None
    return isinstance(last, dict) and last.get("accepted") is False


def _same(left: list[list[Any]], right: list[list[Any]]) -> bool:
    """Say whether two annotators marked the same, in any order; `1`, `1.0` and `true` are not the same."""
    keys = [sorted([[_key(part) for part in entity] for entity in said]) for said in (left, right)]
    return keys[0] == keys[1]


def _key(part: Any) -> str:
    # A list or object is neither offset nor label: the row is faulty, and a deep one cannot be shown.
    return f"{type(part).__name__} {'' if isinstance(part, (list, dict)) else part}"
