"""A text with a list of its entities, under keys that no other reader takes: LightTag, UBIAI and scripts.

    {"content": …, "annotations": [{"start": 4, "end": 7, "value": "TLS", "tag": "PROTOCOL", …}, …]}
    {"document": …, "annotation": [{"label": "PROTOCOL", "start": 4, "end": 7, "text": "TLS"}, …], …}

The list is recognised by its content, not its name; the text is the string that contains the entities.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from techner.formats import (
    dataturks,
    doccano,
    huggingface,
    jsonl,
    label_studio,
    label_studio_min,
    nested,
    prodigy,
    spacy_json,
)
from techner.formats.evidence import Region, names_text, text_in
from techner.formats.objects import is_entity, read_objects
from techner.formats.rows import Fault, FormatError, Row
from techner.formats.second import of_nobody
from techner.formats.unread import names_annotation

NAME = "entity objects"
_OTHERS = (
    jsonl, doccano, prodigy, label_studio, label_studio_min, huggingface, spacy_json, dataturks, nested,
)  # fmt: skip


def recognises(record: Any) -> bool:
    """Say whether the record has a list of entities that can be read, and no other reader takes it."""
    return (
        isinstance(record, dict)
        and (bool(annotation_keys(record)) or _found_nothing(record))
        and not any(other.recognises(record) for other in _OTHERS)
    )


def _found_nothing(record: Mapping[str, Any]) -> bool:
    """Say whether the record has a text under a usual key and an empty list, as LightTag and UBIAI write."""
    is_empty = record.get("annotations") == [] or record.get("annotation") == []
    return is_empty and "text" not in record and any(names_text(key) for key in record)


def annotation_keys(record: Mapping[str, Any]) -> list[str]:
    """Return the keys of lists that begin with an entity, except a model's predictions.

    Bare lists, `[4, 7, "PROTOCOL"]`, may be anything: their key must also name annotation.
    """
    return [
        key
        for key, value in record.items()
        if isinstance(value, list)
        and value
        and is_entity(value[0])
        and (isinstance(value[0], dict) or names_annotation(key))
        and not of_nobody(key)
    ]


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text and entities; raises ShapeError if it is unclear which list or string is meant."""
    keys = annotation_keys(record)
    if len(keys) > 1:
        raise FormatError(f"both {keys[0]!r} and {keys[1]!r} are lists of entities: keep one")
    objects = record[keys[0]] if keys else []
    entities, covered = read_objects(objects)
    text = text_in(record, _regions(entities, covered))
    if text is None:
        where = f" in {keys[0]!r}" if keys else ""
        raise FormatError(
            f"no text beside the entities{where}: deliver it as 'text', with offsets in characters"
        )
    if fault := _disagreement(objects):
        return Row(number=number, raw=raw, fault=fault)
    return Row(
        number=number, raw=raw, text=text, entities=entities, scope=record.get("scope"),
        answer=jsonl.answer_of(record), covered=covered,
    )  # fmt: skip


def _regions(entities: Sequence[Any], covered: Sequence[str | None]) -> list[Region]:
    return [
        Region(entity[0], entity[1], text)
        for entity, text in zip(entities, covered, strict=False)
        if isinstance(entity, list) and len(entity) > 1
    ]


def _disagreement(objects: Sequence[Any]) -> Fault | None:
    """Return a fault if LightTag's annotators disagree."""
    given = [one for one in objects if isinstance(one, dict)]
    names = [_annotators(one) for one in given if "annotated_by" in one]
    if any(name != names[0] for name in names):
        return Fault("conflict", "annotators of the text disagree: review it and export what they agree on")
    return None


def _annotators(one: Mapping[str, Any]) -> set[str]:
    by = one["annotated_by"]
    if not isinstance(by, list):
        return set()
    return {str(name.get("annotator", name.get("annotator_id"))) for name in by if isinstance(name, dict)}
