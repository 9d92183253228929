"""A second annotation in a record: if it says something else than the first, none can be trusted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from techner.formats import huggingface
from techner.formats.objects import entity_of, is_entity
from techner.formats.review import REJECTED, SKIPPED
from techner.formats.rows import FormatError
from techner.formats.tags import TAG
from techner.formats.unread import names_annotation, words_of

_OF_NOBODY = frozenset(("tokens", "words", "sentences", "sents", "relations", "events")) | {
    "prediction", "predictions", "predicted", "pred", "suggestion", "suggestions", "draft", "drafts",
    "model", "llm", "spacy", "auto", "machine", "silver", "candidate", "candidates", "pre",
    "pattern", "patterns", "rule", "rules", "original", "old", "link", "links",
} | REJECTED | SKIPPED  # fmt: skip
_OF_TOKENS = frozenset(("pos", "chunk", "chunks", "tokens", "words"))
_OF_ENTITIES = frozenset(("ner", "entity", "entities", "bio", "bilou", "biluo", "iob", "gold"))
"""Words of the keys of tags that are of entities; other tags, as of roles or slots, may look the same."""
_KEY_CHARS = 40
_MOST_KEYS = 40
Said = tuple[frozenset[tuple[str, ...]], Counter[str]]
"""Ranges with their labels, and how often each label occurs; tags of tokens have no ranges."""


def of_nobody(key: str) -> bool:
    """Say whether a list under this key holds no entities, or none that a person made and kept."""
    return not _OF_NOBODY.isdisjoint(words_of(key))


def require_one(fields: Mapping[str, Any], entities: list[Any], *, is_accepted: bool = False) -> None:
    """Raise FormatError if the record has a second annotation that differs, or one beside no entities.

    A person who accepted a text without entities (`is_accepted`) has said that there are none.
    """
    names = tuple(key for key in fields if len(key) <= _KEY_CHARS)
    keys = _annotation_keys(names) if len(names) <= _MOST_KEYS else _annotation_keys.__wrapped__(names)
    if len(keys) < 2 and entities:  # noqa: PLR2004 - nearly all records
        return
    if is_accepted and not entities:
        return
    found = [(key, said) for key in keys if fields[key] and (said := _said(fields, key))]
    if found and not entities:
        raise FormatError(f"no entities are read, but {found[0][0]!r} holds some: keep one list")
    for key, said in found[1:]:
        if _differ(found[0][1], said):
            raise FormatError(
                f"both {found[0][0]!r} and {key!r} are lists of annotations, and differ: keep one"
            )


@lru_cache(maxsize=256)
def _annotation_keys(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        name
        for name in names
        if names_annotation(name) and not of_nobody(name) and _OF_TOKENS.isdisjoint(words_of(name))
    )


def _said(fields: Mapping[str, Any], key: str) -> Said | None:
    """Return what a value says; None if it is no annotation."""
    value = fields[key]
    if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return _of_tags(fields, key, value)
    ones = [one for one in _listed(value) if is_entity(one)]
    if not ones:
        return None
    parts = [_parts(one) for one in ones]
    known = [part for part in parts if part]
    return (frozenset(known), Counter(part[-1] for part in known)) if known else None


def _listed(value: Any) -> Iterator[Any]:
    """Yield the items of a list, or of the lists in an object, as those of span groups."""
    for part in value.values() if isinstance(value, dict) else (value,):
        if isinstance(part, list):
            yield from part


def _parts(one: Any) -> tuple[str, ...] | None:
    """Return start, end and label; None for a model's prediction."""
    try:
        given = entity_of(one).given if isinstance(one, dict) else one
    except FormatError as error:
        return None if "prediction" in str(error) else (repr(one)[:1000], "")
    return tuple(f"{type(part).__name__} {part!s:.80}" for part in given)


def _of_tags(fields: Mapping[str, Any], key: str, tags: list[str]) -> Said | None:
    """Return the labels of tags of entities that a list of tokens goes with."""
    if key not in huggingface.TAG_KEYS and _OF_ENTITIES.isdisjoint(words_of(key)):
        return None
    if huggingface.is_inner(key) and huggingface.recognises(fields):
        return None  # its reader says that they are left out
    tokens = fields.get("tokens", fields.get("words"))
    if not isinstance(tokens, list) or len(tokens) != len(tags) or not all(map(TAG.fullmatch, tags)):
        return None
    labels = Counter(f"str {tag[2:]}" for tag in tags if tag[0] in "BUS")
    return (frozenset(), labels) if labels else None


def _differ(one: Said, other: Said) -> bool:
    return one[0] != other[0] if one[0] and other[0] else one[1] != other[1]
