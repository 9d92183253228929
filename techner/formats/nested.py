"""JSON records that hold several rows each: spaCy 2's training format and ner-annotator's document.

    {"paragraphs": [{"raw": …, "sentences": [{"tokens": [{"orth": "TLS", "ner": "U-PROTOCOL"}, …]}]}]}
    {"classes": ["PROTOCOL"], "annotations": [["use TLS", {"entities": [[4, 7, "PROTOCOL"]]}], null]}

Each is split into records of one row before these are read.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from techner.formats.rows import Fault, Item, Row, ShapeError
from techner.formats.tags import spans

NAME = "spaCy 2 JSON"
UNREACHED = "unreached"
"""Code of an item that is not a row: its detail is the number of texts that the annotator never reached."""
_MISSING = "-"
_OTHERS = frozenset(
    ("text", "entities", "ents", "spans", "label", "labels", "annotations", "annotation", "tokens", "words")
) | {"_task_hash", "annotation_id", "content", "data", "task"}


def is_nested(record: Any) -> bool:
    """Say whether a record holds several rows."""
    match record:
        case {"paragraphs": list()}:
            return _OTHERS.isdisjoint(record)
        case {"classes": list(), "annotations": list()}:
            return "text" not in record and "data" not in record
        case _:
            return False


def taken_apart(items: Iterator[Item]) -> Iterator[Item]:
    """Yield one item per row, numbered through the file, each with a record of that row alone."""
    number = 0
    for place, raw, record, fault in items:
        if fault or not is_nested(record):
            number = max(number + 1, place)
            yield number, raw, record, fault
            continue
        parts, unreached = _parts(record)
        if not parts:
            number += 1
            yield number, raw, None, Fault("shape", _nothing_in(record))
        elif unreached:
            yield number + 1, b"null", None, Fault(UNREACHED, str(unreached))
        for part in parts:
            number += 1
            try:
                yield number, json.dumps(part).encode(), part, None
            except RecursionError:
                yield number, raw, None, Fault("json", "nested too deeply")


def _parts(record: Mapping[str, Any]) -> tuple[list[Any], int]:
    """Return records of one row each, and the number of texts never reached, which are not in the file."""
    if "paragraphs" in record:
        return [{"paragraphs": [paragraph]} for paragraph in record["paragraphs"]], 0
    parts = [one for one in record["annotations"] if one is not None]
    return parts, len(record["annotations"]) - len(parts)


def _nothing_in(record: Mapping[str, Any]) -> str:
    if "paragraphs" in record:
        return "the document has no paragraphs"
    return "no text of the document was annotated: finish the session and export again"


def with_unreached(rows: Iterator[Row]) -> Iterator[Row]:
    """Give the first row of a document one remark for each text that was never reached."""
    unreached = 0
    for row in rows:
        if row.fault and row.fault.code == UNREACHED:
            unreached += int(row.fault.detail)
        elif unreached:
            yield row._replace(remarks=(*row.remarks, *(UNREACHED,) * unreached))
            unreached = 0
        else:
            yield row


def recognises(record: Any) -> bool:
    """Say whether the record is one paragraph of spaCy 2's format."""
    return is_nested(record) and "paragraphs" in record


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find the tokens of one paragraph in its text; raises ShapeError if they do not fit it."""
    match record["paragraphs"]:
        case [dict(paragraph)]:
            tokens, tags = _tokens(paragraph)
        case _:
            raise ShapeError("a paragraph is not an object")
    text, starts = _placed(tokens, paragraph.get("raw"))
    is_annotated = any(tag != _MISSING for tag in tags)
    if is_annotated and _MISSING in tags:
        raise ShapeError("some of its tokens are not annotated")
    entities = [
        [starts[first], starts[last] + len(tokens[last]), label]
        for first, last, label in (spans(tags) if is_annotated else ())
    ]
    return Row(number=number, raw=raw, text=text, entities=entities if is_annotated else None)


def _tokens(paragraph: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    tokens: list[str] = []
    tags: list[str] = []
    sentences = paragraph.get("sentences")
    for sentence in sentences if isinstance(sentences, list) else ():
        found = sentence.get("tokens") if isinstance(sentence, dict) else None
        for token in found if isinstance(found, list) else (None,):
            orth, tag = (token.get("orth"), token.get("ner", _MISSING)) if isinstance(token, dict) else (0, 0)
            if not isinstance(orth, str) or not isinstance(tag, str):
                raise ShapeError("a token has no string 'orth', or its 'ner' is not a string")
            tokens.append(orth)
            tags.append(tag)
    return tokens, tags


def _placed(tokens: list[str], raw: Any) -> tuple[str, list[int]]:
    """Return the text and where each token starts in it; without a text, the tokens joined by spaces."""
    text = raw if isinstance(raw, str) else " ".join(tokens)
    starts: list[int] = []
    at = 0
    for token in tokens:
        start = text.find(token, at)
        if start < 0 or text[at:start].strip():
            raise ShapeError(f"token {len(starts) + 1} does not follow in the text")
        starts.append(start)
        at = start + len(token)
    return text, starts
