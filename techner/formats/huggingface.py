"""Hugging Face token classification, `{"tokens": […], "ner_tags": […]}`: rows, or the row viewer's document.

Tags are strings, or numbers with their names in `features`: `{"ner_tags": {"feature": {"names": ["O", …]}}}`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from techner.core.errors import BatchError
from techner.formats import strict_json
from techner.formats.rows import Item, Row, ShapeError
from techner.formats.tags import tagged

NAME = "Hugging Face"
_TAG_KEYS = ("ner_tags", "tags")
_DOCUMENT = re.compile(rb'\s*\{\s*"features"\s*:\s*\[')


def recognises(record: Any) -> bool:
    """Say whether the record has tokens and tags, and no spans."""
    return (
        isinstance(record, dict)
        and "tokens" in record
        and not record.keys().isdisjoint(_TAG_KEYS)
        and record.keys().isdisjoint(("entities", "spans", "_task_hash", "label", "labels", "annotations"))
        and not isinstance(record.get("data"), dict)
    )


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Join the tokens by spaces and compute the offsets; raises ShapeError."""
    key = next(key for key in _TAG_KEYS if key in record)
    tokens, tags = record["tokens"], _named(record[key], _names(record.get("features"), key))
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ShapeError("the tokens are not a list of strings")
    if len(tokens) != len(tags):
        raise ShapeError(f"{len(tokens)} tokens, {len(tags)} tags")
    return Row(number=number, raw=raw, scope=record.get("scope"), **tagged(tokens, tags))


def _named(tags: Any, names: list[Any] | None) -> list[str]:
    """Return the tags as strings; raises ShapeError where they are none and have no names."""
    if not isinstance(tags, list):
        raise ShapeError("the tags are not a list")
    named = []
    for tag in tags:
        if type(tag) is int and names is None:
            raise ShapeError(
                "the tags are numbers without names: write strings, or give the names in 'features'"
            )
        name = names[tag] if names and type(tag) is int and 0 <= tag < len(names) else tag
        if not isinstance(name, str):
            raise ShapeError("a tag is neither a string nor the number of a name")
        named.append(name)
    return named


def _names(features: Any, key: str) -> list[Any] | None:
    """Return the names of a sequence of class labels, however deep `datasets` put them."""
    feature = features.get(key) if isinstance(features, dict) else None
    while isinstance(feature, dict):
        if isinstance(names := feature.get("names"), list):
            return names
        feature = feature.get("feature")
    return None


def is_document(data: bytes) -> bool:
    """Say whether the file is the row viewer's answer: features first, then rows."""
    return _DOCUMENT.match(data) is not None and b'"rows"' in data


def document_rows(data: bytes) -> Iterator[Item]:
    """Yield the rows of such a document, each with the features that name its tags; raises BatchError."""
    try:
        document = strict_json.loads(data.decode())
    except ValueError as error:
        raise BatchError(f"json: {error}; export the document again") from error
    features: dict[str, Any] = {}
    for feature in document["features"]:
        match feature:
            case {"name": str(name), "type": kind}:
                features[name] = kind
    for number, row in enumerate(_rows(document), 1):
        record = {"features": features, **row}
        yield number, json.dumps(record).encode(), record, None


def _rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    rows = document.get("rows")
    if not isinstance(rows, list) or not rows:
        raise BatchError("empty: the document has features and no rows")
    for number, found in enumerate(rows, 1):
        match found:
            case {"row": dict(row)} if not found.get("truncated_cells"):
                yield row
            case _:
                raise BatchError(f"shape: row {number} of the document is cut off or no row: export it again")
