"""Label Studio's JSON-MIN: one annotation per record, its regions under the name of the control tag.

    {"text": …, "label": [{"start", "end", "text", "labels"}, …], "annotator": 1, "annotation_id": 1, …}

Two annotators of a task are two records; copies that disagree are a fault that `quality` finds.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from techner.formats.evidence import annotated_key, usual_key
from techner.formats.label_studio_regions import HTML, Marked, covered, marks_of, strings_of, text_of
from techner.formats.rows import Row, ShapeError

NAME = "Label Studio JSON-MIN"
_OF_OTHERS = frozenset(("entities", "spans", "ner_tags", "tokens"))
"""Keys that identify other tools; here they may be names of control tags."""
_OF_THE_TOOL = frozenset(("id", "annotator", "created_at", "updated_at", "lead_time", "agreement"))


def recognises(record: Any) -> bool:
    """Say whether the record names the annotation from which it was made."""
    return (
        isinstance(record, dict)
        and "annotation_id" in record
        and "_task_hash" not in record
        and all(_is_regions(record[key]) for key in _OF_OTHERS & record.keys())
        and not isinstance(record.get("data"), dict)
    )


def _is_regions(value: Any) -> bool:
    """Say whether it is what a control tag of any name marked."""
    regions = _regions(value)
    return bool(regions) and all("labels" in region for region in regions)


def _regions(value: Any) -> list[Mapping[str, Any]]:
    """Return the regions of a value; some exports write a single region without a list."""
    return [
        region
        for region in (value if isinstance(value, list) else [value])
        if isinstance(region, dict) and "start" in region and "end" in region
    ]


def read(number: int, raw: bytes, record: Mapping[str, Any], *, usual: str | None = None) -> Row:
    """Find the text and the regions; an annotation without regions says that there are no entities.

    `usual` is the key of the text in which the file's regions lie. Raises ShapeError.
    """
    marked = _marked(record)
    annotated = record["annotation_id"] is not None
    return Row(
        number=number,
        raw=raw,
        text=text_of(_data(record), marked.regions, usual),
        entities=marked.entities if annotated else None,
        covered=covered(marked.regions) if annotated else (),
    )


def usual_text(records: Sequence[Any]) -> str | None:
    """Return the key of the string in which the regions at the start of the file lie; None if they differ."""
    chosen = []
    for record in records:
        with suppress(ShapeError):
            regions = _marked(record).regions
            chosen.append(annotated_key(strings_of(_data(record)), regions, None) if regions else None)
    return usual_key(chosen)


def refusal(records: Sequence[Any]) -> str | None:
    """Return why none of a file's records can be read; None unless one reason holds for all."""
    faults = set()
    for record in records:
        try:
            faults.add("" if _marked(record).entities else None)
        except ShapeError as error:
            faults.add(str(error))
    return f"Label Studio's {HTML}" if faults - {None} == {HTML} else None


def _marked(record: Mapping[str, Any]) -> Marked:
    marked = Marked([], [])
    for value in record.values():
        for region in _regions(value):
            found = marks_of(region)
            marked.entities.extend(found.entities)
            marked.regions.extend(found.regions)
    return marked


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _OF_THE_TOOL}
