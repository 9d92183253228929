"""`{"text": …, "entities": [[start, end, label], …]}`, one a line; also techner's own format."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from techner.core.errors import IntegrityError
from techner.core.examples import Example, Span
from techner.formats import doccano, label_studio_min
from techner.formats.evidence import text_in
from techner.formats.json_files import json_lines
from techner.formats.objects import read_objects
from techner.formats.rows import FormatError, Row, ShapeError

NAME = "JSONL"
_OTHER_LISTS = frozenset(("ents", "spans", "label", "labels", "annotations"))


def recognises(record: Any) -> bool:
    """Say whether the record has entities, not written as doccano or Label Studio write them."""
    return (
        isinstance(record, dict)
        and "entities" in record
        and not doccano.recognises(record)
        and not label_studio_min.recognises(record)
    )


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text and entities; raises ShapeError for a second list of annotations."""
    if not _OTHER_LISTS.isdisjoint(record):
        for key in sorted(_OTHER_LISTS & record.keys()):
            if _is_annotation(record[key]):
                raise ShapeError(f"both 'entities' and {key!r} are lists of annotations: keep one")
    entities, covered = read_entities(record["entities"])
    text = record["text"] if "text" in record else text_in(record)
    if entities and "text" not in record and text is None:
        raise FormatError("no text beside the entities: deliver it as 'text', with offsets in characters")
    return Row(number, raw, text, entities, record.get("scope"), answer_of(record), covered=covered)


def read_entities(entities: Any) -> tuple[Any, tuple[str | None, ...]]:
    """Return entities and the text each says it covers; raises FormatError for those without offsets."""
    if isinstance(entities, list) and any(isinstance(entity, dict) for entity in entities):
        return read_objects(entities)
    if why := _unreadable(entities):
        raise FormatError(f"entities are {why}: write [start, end, label] for each, or [] for none")
    return entities, ()


def _unreadable(entities: Any) -> str | None:
    """Say what the entities are if they lack offsets; None if `quality` can judge them."""
    match entities:
        case str():
            return "one string"
        case dict() if entities:
            return "an object"
        case [str(), *_]:
            return "strings without offsets"
        case [list(first), *_] if len(first) != len(("start", "end", "label")):
            return f"lists of {len(first)} parts"
        case [[str(), _, last], *_] if not isinstance(last, str):
            return "lists that begin with a string"
        case _:
            return None


def _is_annotation(value: Any) -> bool:
    """Tell a list of spans from a list of strings, which may be the classes of the text."""
    return isinstance(value, list) and any(isinstance(part, (list, dict)) for part in value)


def answer_of(record: Mapping[str, Any]) -> str | None:
    """Return the annotator's answer, if it is one; other records may also have a key of that name."""
    answer = record.get("answer")
    said = answer.strip().lower() if isinstance(answer, str) else None
    return said if said in ("accept", "reject", "ignore") else None


def write_examples(examples: Iterable[Example]) -> bytes:
    """Return the examples as JSONL bytes; the same examples give the same bytes."""
    return b"".join(json.dumps(_record(eg), ensure_ascii=False).encode() + b"\n" for eg in examples)


def _record(eg: Example) -> dict[str, Any]:
    spans = [[span.start, span.end, span.label] for span in eg.spans]
    scope = {} if eg.scope is None else {"scope": eg.scope}
    silver = {"silver": True} if eg.is_silver else {}
    return {"text": eg.text, "entities": spans, **scope, **silver}


def read_examples(data: bytes, *, where: str) -> tuple[Example, ...]:
    """Read what `write_examples` wrote; raises IntegrityError for anything else."""
    examples = []
    for number, _, record, fault in json_lines(data):
        example = _example(record)
        if example is None:
            raise IntegrityError(
                f"{where}, line {number}: {fault.detail if fault else 'no text or no entities'}"
            )
        examples.append(example)
    return tuple(examples)


def _example(record: Any) -> Example | None:
    match record:
        case {"text": str(text), "entities": list(entities)} if all(map(_is_span, entities)):
            spans = tuple(Span(*entity) for entity in entities)
        case _:
            return None
    match record.get("scope"):
        case None:
            return Example(text, spans, is_silver=record.get("silver") is True)
        case list(scope):
            return Example(text, spans, tuple(map(str, scope)), is_silver=record.get("silver") is True)
        case _:
            return None


def _is_span(entity: Any) -> bool:
    match entity:
        case [int(), int(), str()]:
            return True
        case _:
            return False
