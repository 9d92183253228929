"""Hugging Face token classification, `{"tokens": […], "ner_tags": […]}`: rows, or the row viewer's document.

The keys may also be `words`, and `ner`, `tags` or `labels`.

Of nested entities, as GermEval's `nested_ner_tags`, only the outer ones are read.

Tags are strings, or numbers with their names in `features`: `{"ner_tags": {"feature": {"names": ["O", …]}}}`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from techner.core.errors import FileError
from techner.formats import doccano, strict_json
from techner.formats.rows import Item, Row, ShapeError
from techner.formats.tags import TAG, tagged
from techner.formats.unread import words_of

NAME = "Hugging Face"
_TOKEN_KEYS = ("tokens", "words")
TAG_KEYS = ("ner_tags", "ner", "tags", "labels")
_OTHERS = ("entities", "ents", "spans", "_task_hash", "annotation_id", "label", "annotations", "annotation")
MAX_REPEATED_BYTES = 64 << 20
_DOCUMENT = re.compile(rb'\s*\{\s*"features"\s*:\s*\[')


def recognises(record: Any) -> bool:
    """Say whether the record has tokens and tags but no spans."""
    return (
        isinstance(record, dict)
        and not record.keys().isdisjoint(_TOKEN_KEYS)
        and _tag_key(record) is not None
        and all(_is_names(record, key) for key in _OTHERS if key in record)
        and not isinstance(record.get("data"), dict)
        and not doccano.recognises(record)
    )


def _is_names(record: Mapping[str, Any], key: str) -> bool:
    """Say whether it is WikiAnn's list of names, `"spans": ["PER: Ada"]`, which repeats what the tags say."""
    value = record[key]
    return (
        key == "spans"
        and "text" not in record
        and isinstance(value, list)
        and all(isinstance(one, str) for one in value)
    )


def _tag_key(record: Mapping[str, Any]) -> str | None:
    """Return the key of the tags; `labels` may hold doccano's spans instead, or be empty."""
    return next(
        (key for key in TAG_KEYS if key in record and (key != "labels" or _are_tags(record[key]))), None
    )


def _are_tags(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(tag, (str, int)) for tag in value)


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Join the tokens by spaces and compute the offsets; raises ShapeError if tokens and tags do not fit."""
    tokens = next(record[key] for key in _TOKEN_KEYS if key in record)
    key = _tag_key(record) or TAG_KEYS[0]
    tags = _named(record[key], _names(record.get("features"), key))
    if others := [other for other in TAG_KEYS if _is_second(record, other, key)]:
        raise ShapeError(f"both {key!r} and {others[0]!r} are entity tags, and differ: keep one")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ShapeError("the tokens are not a list of strings")
    if len(tokens) != len(tags):
        raise ShapeError(f"{len(tokens)} tokens, {len(tags)} tags")
    remarks = ("left_out",) if any(_has_tags(record, name) for name in record if is_inner(name)) else ()
    return Row(number=number, raw=raw, scope=record.get("scope"), remarks=remarks, **tagged(tokens, tags))


def is_inner(key: str) -> bool:
    """Say whether a key names the tags of entities inside entities."""
    return key.endswith("tags") and not {"nested", "inner"}.isdisjoint(words_of(key))


def _has_tags(record: Mapping[str, Any], key: str) -> bool:
    """Say whether a column has a tag that is not `O`, as a string or the number of a name."""
    tags, names = record[key], _names(record.get("features"), key) or ["O"]
    none = ("O", names.index("O") if "O" in names else None)
    return isinstance(tags, list) and any(tag not in none for tag in tags)


def _is_second(record: Mapping[str, Any], other: str, key: str) -> bool:
    """Say whether another key also has entity tags, and different ones."""
    tags = record.get(other)
    return (
        other != key
        and isinstance(tags, list)
        and tags != record[key]
        and all(isinstance(tag, str) and TAG.fullmatch(tag) for tag in tags)
        and any(tag != "O" for tag in tags)
    )


def _named(tags: Any, names: list[Any] | None) -> list[str]:
    """Return the tags as strings; raises ShapeError for tags that are neither strings nor named numbers."""
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
    """Return the names of a sequence of class labels, however deeply `datasets` nested them."""
    feature = features.get(key) if isinstance(features, dict) else None
    while isinstance(feature, dict):
        if isinstance(names := feature.get("names"), list):
            return names
        feature = feature.get("feature")
    return None


def is_document(data: bytes) -> bool:
    """Say whether the file is the row viewer's response: features first, then rows."""
    return _DOCUMENT.match(data) is not None and b'"rows"' in data


def document_rows(data: bytes) -> Iterator[Item]:
    """Yield the rows of such a document, each with the features that name its tags; raises FileError."""
    try:
        document = strict_json.record(data.decode(), most=strict_json.MAX_DOCUMENT_CHARS)
    except ValueError as error:
        raise FileError("json", f"{error}; export the document again") from error
    features: dict[str, Any] = {}
    for feature in document["features"]:
        match feature:
            case {"name": str(name), "type": kind}:
                features[name] = kind
    rows = document.get("rows")
    repeated = len(json.dumps(features)) * (len(rows) if isinstance(rows, list) else 1)
    if repeated > MAX_REPEATED_BYTES:  # each row repeats what its numbers mean
        raise FileError(
            "large", "the document has long features and many rows: deliver rows with tags as strings"
        )
    for number, row in enumerate(_rows(document), 1):
        record = {"features": features, **row}
        yield number, json.dumps(record).encode(), record, None


def _rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    rows = document.get("rows")
    if not isinstance(rows, list) or not rows:
        raise FileError("empty", "the document has features and no rows")
    for number, found in enumerate(rows, 1):
        match found:
            case {"row": dict(row)} if not found.get("truncated_cells"):
                yield row
            case _:
                raise FileError(
                    "shape", f"row {number} of the document is cut off or not a row: export it again"
                )
