"""Label Studio's regions: where they lie, in which text, and with which labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from techner.formats.evidence import Region, annotated_key
from techner.formats.rows import ShapeError, offset, texts_of

HTML = "HyperText: offsets into HTML do not fit one text; annotate plain text with <Text> and <Labels>"


@dataclass(frozen=True, slots=True)
class Marked:
    """What one annotator marked."""

    entities: list[list[Any]]
    regions: list[Region]


def text_of(data: Mapping[str, Any], regions: Sequence[Region] = (), usual: str | None = None) -> Any:
    """Return the text in which the regions lie; raises ShapeError if several may be meant."""
    strings = strings_of(data)
    if "text" in data and "text" not in strings and not regions:
        return data["text"]  # of another type: `quality` says so
    key = annotated_key(strings, regions, usual)
    return data.get("text") if key is None else strings[key]


def strings_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the strings of an object."""
    return {key: value for key, value in data.items() if isinstance(value, str)}


def covered(regions: Sequence[Region]) -> tuple[str | None, ...]:
    """Return the texts that the regions say they cover; empty if none says it."""
    said = tuple(region.text for region in regions)
    return said if any(said) else ()


def marks_of(region: Mapping[str, Any], drawn_on: str | None = None) -> Marked:
    """Return an entity for each label of a region, or one without a label; raises ShapeError for HTML."""
    if isinstance(region.get("start"), str) and region["start"].startswith("/"):
        raise ShapeError(HTML)
    for key in region:
        if key.endswith("labels") and key != "labels":
            if key.startswith("hypertext"):
                raise ShapeError(HTML)
            raise ShapeError(f"{key!r} are not offsets into one text: annotate plain text with <Labels>")
    labels = region.get("labels")
    if not isinstance(labels, list) or not labels:
        labels = [None]
    text = (texts_of([region]) or (None,))[0]
    place = Region(offset(region.get("start")), offset(region.get("end")), text, drawn_on)
    return Marked([[place.start, place.end, label] for label in labels], [place] * len(labels))


def marked_in(annotation: Mapping[str, Any]) -> Marked:
    """Return what one annotator marked; choices and ratings of a text or a region do not count.

    Raises ShapeError if regions lie in several texts, or a range has no label.
    """
    marked = Marked([], [])
    others: dict[tuple[Any, Any], Any] = {}
    for region in annotation["result"]:
        if not isinstance(region, dict):
            raise ShapeError("a region is not an object")
        value, kind = region.get("value"), region.get("type", "labels")
        if not isinstance(value, dict) or not str(kind).endswith("labels"):
            if isinstance(value, dict) and type(value.get("start")) is int and type(value.get("end")) is int:
                others.setdefault((value["start"], value["end"]), kind)
            continue
        found = marks_of(value, str(region.get("to_name")))
        marked.entities.extend(found.entities)
        marked.regions.extend(found.regions)
    if len({region.drawn_on for region in marked.regions}) > 1:
        raise ShapeError("regions of several texts: deliver one text per task")
    labelled = [(region.start, region.end) for region in marked.regions]
    for (start, end), kind in others.items():
        if (start, end) not in labelled:
            raise ShapeError(
                f"{str(kind)[:40]!r} marks {start}-{end} without a label: annotate with <Labels>"
            )
    return marked
