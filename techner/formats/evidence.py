"""Which of several strings of a record was annotated: the one from which the regions' text was cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from techner.formats.rows import ShapeError

MAX_SPACE = 3
MAX_SPACE_CHARS = 200
"""How much longer a text may be than the same text without white space."""
MAX_COMPARED = 50
"""How many regions of a record are compared with its strings."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a region lies: offsets, the text it covers, the object it was drawn on."""

    start: Any
    end: Any
    text: str | None
    drawn_on: str | None = None


def same(left: str, right: str) -> bool:
    """Compare, ignoring white space: tools fold it or leave it out."""
    if left == right:
        return True
    shorter, longer = sorted((len(left), len(right)))
    if longer > MAX_SPACE * shorter + MAX_SPACE_CHARS:  # a thousand spans may each be as long as the text
        return False
    return "".join(left.split()) == "".join(right.split())


_TEXTS = frozenset(
    ("content", "document", "sentence", "data", "body", "example", "raw", "doc", "passage", "utterance")
) | {
    "raw_text",
    "rawtext",
    "full_text",
    "document_text",
    "sentence_text",
    "context",
    "paragraph",
    "source_text",
}
"""Usual keys of the text, besides `text`."""


def text_in(record: Mapping[str, Any], regions: Sequence[Region] = ()) -> Any:
    """Return the text of a record: `text`, else another usual key, else the string its entities lie in.

    Raises ShapeError if several strings may be meant.
    """
    if "text" in record:
        return record["text"]
    strings = {key: value for key, value in record.items() if isinstance(value, str)}
    usual = {key: value for key, value in strings.items() if names_text(key)}
    if not usual and not any(region.text for region in regions):
        return None
    key = annotated_key(usual or strings, regions, None)
    return None if key is None else strings[key]


def names_text(key: str) -> bool:
    """Say whether a key is a usual name of the text."""
    return key.lower() in _TEXTS or key.lower() == "text"


def annotated_key(strings: Mapping[str, str], regions: Sequence[Region], usual: str | None) -> str | None:
    """Return the key of the string that was annotated; None if there is no string.

    `usual` is the key that other records of the file use. Raises ShapeError if several may be meant.
    """
    if len(strings) <= 1:
        return next(iter(strings), None)
    keys = _fitting(strings, regions) or [*strings]
    if len(keys) == 1:
        return keys[0]
    drawn_on = {region.drawn_on for region in regions}
    for key in (*sorted(filter(None, drawn_on)), usual, "text"):
        if key in keys:
            return key
    names = ", ".join(repr(key) for key in keys[:5])
    raise ShapeError(f"which text was annotated, {names}? Deliver one text per record, or name it 'text'")


def _fitting(strings: Mapping[str, str], regions: Sequence[Region]) -> list[str]:
    """Return the strings whose slices are the regions' texts, else those that hold all of these texts."""
    said = [region for region in regions if region.text][:MAX_COMPARED]
    if not said:
        return []
    for fits in (_is_slice, _is_inside):
        if keys := [key for key, text in strings.items() if all(fits(text, region) for region in said)]:
            return keys
    return []


def _is_slice(text: str, region: Region) -> bool:
    start, end = region.start, region.end
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return False
    return same(text[start:end], region.text or "")


def _is_inside(text: str, region: Region) -> bool:
    return (region.text or "") in text


def usual_key(chosen: Sequence[str | None]) -> str | None:
    """Return the one key that all records at the start of a file use; None if they differ."""
    keys = set(filter(None, chosen))
    return keys.pop() if len(keys) == 1 else None
