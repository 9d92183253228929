"""Entities that are objects, whatever their keys are called: `{"begin": 4, "stop": 7, "type": "PROTOCOL"}`.

The words of a key say what it holds: `startOffset`, `char_start` and `from` begin a span, `tag` and
`entity_group` label it. If two keys may be meant, or a model gave a score, nothing is guessed.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from techner.formats.rows import FormatError
from techner.formats.unread import words_of

_STARTS, _ENDS = frozenset(("start", "begin", "from")), frozenset(("end", "stop", "to"))
_PLACE = frozenset(("offset", "char", "character", "index", "idx", "pos", "position"))
_LABELS = frozenset(("label", "type", "tag", "category", "class", "group"))
_BESIDE_LABELS = frozenset(("entity", "ner", "name", "span", "annotation"))
_WEAK_LABELS = frozenset(("entity", "name", "ner", "kind", "slot"))
_TEXTS = frozenset(("text", "word", "surface", "value", "mention", "string"))
_BESIDE_TEXTS = frozenset(("covered", "form", "entity", "span"))
_RANGES = frozenset(("span", "offset", "offsets", "position", "range", "location", "indices", "char"))
_SCORES = frozenset(("score", "confidence", "probability", "prob"))
_MOST_KEYS = 40
_KEY_CHARS = 40
_WANTED = "write 'start', 'end' and 'label', offsets in characters"


class Keys(NamedTuple):
    """Which keys of an object hold what; several if more than one may be meant."""

    starts: tuple[str, ...]
    ends: tuple[str, ...]
    lengths: tuple[str, ...]
    ranges: tuple[str, ...]
    """Keys that hold both offsets."""
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    scores: tuple[str, ...]


class Parts(NamedTuple):
    """The parts of one entity."""

    given: list[Any]
    """Start, end and label, of whatever type."""
    text: str | None
    """The text that it says it covers."""


def read_objects(objects: Sequence[Any]) -> tuple[list[Any], tuple[str | None, ...]]:
    """Return the entities of a list, and the text each says it covers; anything but an object stays as it is.

    Raises FormatError for an object with unknown keys.
    """
    found = [entity_of(one) if isinstance(one, dict) else Parts(one, None) for one in objects]
    texts = tuple(one.text for one in found)
    return [one.given for one in found], texts if any(texts) else ()


def entity_of(one: Mapping[str, Any]) -> Parts:
    """Return the parts of an object; raises FormatError for unknown keys, string offsets, a model's score."""
    keys = _keys(tuple(one)) if len(one) <= _MOST_KEYS else None
    if keys is None or (place := _place(one, keys)) is None or not keys.labels:
        raise FormatError(f"entities are objects with {named(one)}: {_WANTED}")
    if isinstance(place[0], str) or isinstance(place[1], str):
        raise FormatError("offsets are strings: write whole numbers")
    labels = [one[key] for key in keys.labels]
    if any(label != labels[0] for label in labels):
        both = " and ".join(map(repr, keys.labels[:2]))
        raise FormatError(f"{both} of an entity may both be its label: keep one as 'label'")
    if any(_is_score(one[key]) for key in keys.scores):
        raise FormatError(
            f"entities with a {keys.scores[0]!r} are a model's predictions, not a person's annotation: "
            "have a person correct them, and deliver them without it"
        )
    label = labels[0]
    match label:
        case [str(alone)]:
            label = alone
    said = [one[key] for key in keys.texts]
    text = said[0] if said and isinstance(said[0], str) else None
    return Parts([*place, label], text)


def is_entity(one: Any) -> bool:
    """Say whether a value is an entity that can be read: an object, or `[start, end, label]`."""
    match one:
        case [int(), int(), str()]:
            return True
        case dict() if 0 < len(one) <= _MOST_KEYS:
            keys = _keys(tuple(one))
            try:
                return keys is not None and bool(keys.labels) and _place(one, keys) is not None
            except FormatError:
                return True  # in several pieces: its reader says so
        case _:
            return False


def named(keys: Collection[str]) -> str:
    """Name the keys of a record in a message."""
    shown = [repr(key[:_KEY_CHARS]) for key in list(keys)[:8]]
    return f"keys {', '.join(shown)}{', …' if len(keys) > len(shown) else ''}" if shown else "no keys"


def _is_score(value: Any) -> bool:
    """Say whether it is a model's score; tools give 1 to what a person marked."""
    return isinstance(value, float) and 0 <= value < 1


def _place(one: Mapping[str, Any], keys: Keys) -> tuple[Any, Any] | None:
    if keys.starts and keys.ends:
        return one[keys.starts[0]], one[keys.ends[0]]
    if keys.ranges and keys.lengths and type(one[keys.ranges[0]]) is type(one[keys.lengths[0]]) is int:
        start = one[keys.ranges[0]]
        return start, start + one[keys.lengths[0]]
    for key in keys.ranges:
        match one[key]:
            case [[_, _], [_, _], *_]:
                raise FormatError("an entity in several pieces: mark one range for each, or leave it out")
            case [int(start), int(end)] | [[int(start), int(end)]]:
                return start, end
            case {"start": start, "end": end}:
                return start, end
    return None


@lru_cache(maxsize=256)
def _keys(names: tuple[str, ...]) -> Keys | None:
    """Tell the keys of an object apart; None if two may begin or end the span."""
    if any(len(name) > _KEY_CHARS for name in names):
        names = tuple(name for name in names if len(name) <= _KEY_CHARS)
    words = {name: frozenset(words_of(name)) for name in names}

    def with_any(wanted: frozenset[str], beside: frozenset[str] = frozenset()) -> tuple[str, ...]:
        return tuple(name for name in names if words[name] & wanted and words[name] <= wanted | beside)

    starts, ends = (_in_characters(with_any(wanted, _PLACE), words) for wanted in (_STARTS, _ENDS))
    if len(starts) > 1 or len(ends) > 1:
        return None
    texts = with_any(_TEXTS, _BESIDE_TEXTS)
    labels = with_any(_LABELS, _BESIDE_LABELS) or with_any(_WEAK_LABELS)
    labels = labels or tuple(name for name in names if name.lower() in {"labels", "tags", "types"})
    if not labels and len(texts) > 1:  # `value` beside `text` is not the text
        labels = tuple(name for name in texts if words[name] == {"value"})
    plain = tuple(name for name in labels if words[name] == {"label"})
    if any(words[name] == {"entity"} for name in labels):
        texts = tuple(name for name in texts if words[name] != {"value"})  # Rasa's may be a synonym
    return Keys(
        starts=starts,
        ends=ends,
        lengths=with_any(frozenset(("length", "len"))),
        ranges=with_any(_RANGES),
        labels=plain or labels,
        texts=tuple(name for name in texts if words[name] == {"text"}) or texts,
        scores=with_any(_SCORES),
    )


def _in_characters(names: tuple[str, ...], words: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return the names that count characters: `start` beside `start_char` counts tokens."""
    return tuple(name for name in names if words[name] & {"char", "character"}) or names
