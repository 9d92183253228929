"""Signs that a record is annotated in a form that no reader knows: such a row is not plain text."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

READ = "`entities` as [[start, end, label], …], and the exports in docs/reference/formats.md"
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ANNOTATION = re.compile(
    r"annotat(ed|ions?)|bilou|biluo|bio|completions?|drafts?|ent(ity|ities|s)?|gold|iob|label(s|l?ed)?|mentions?"
    r"|ner|objects?|predictions?|regions?|results?|spans?|tag(s|ged)?"
)
_STARTS, _ENDS = {"start", "begin", "offset", "from"}, {"end", "stop", "length", "to"}
_TAG = re.compile(r"[BILUSEM][-_]\w")
_NAME = "(?:[A-Z]+_[A-Z_]+|PER|PERSON|ORG|LOC|GPE|MISC|DATE|MONEY|PRODUCT|EVENT|PROTOCOL|HARDWARE)"
_MARKUP = re.compile(
    rf"</(?:{_NAME}|ENAMEX|TIMEX|NUMEX)>"
    rf"|\](?:\({_NAME}\)|\{{\s*\"entity\")"
    rf"|(?<=\S)[/|][BI]-{_NAME}(?!\S)"
    r"|\[@\S[^\[\]]*#[A-Z][A-Z_]*\*\]"
)
"""`<PERSON>Ada</PERSON>`, Rasa's `[Ada](PERSON)`, `Ada/B-PER`, YEDDA's `[@Ada#PERSON*]`."""


def sign_of_annotation(record: Any, *, is_known: bool = False) -> str | None:
    """Return the path of the first key of a record that looks like annotation; None if there is none.

    The sign is its name, or offsets or IOB tags in its value. `null` is not a sign; nor is an empty list if
    the record `is_known`, since its tool writes them.
    """
    for path, value in _keys(record):
        if value is None or (is_known and not value):
            continue
        if names_annotation(path[-1]) or _is_annotation(value):
            return ".".join(path)
    return None


def markup_in(text: Any) -> str | None:
    """Return the first piece of a text that looks like annotation inside it; None if there is none."""
    found = _MARKUP.search(text) if isinstance(text, str) else None
    return found[0] if found else None


def names_annotation(key: str) -> bool:
    """Say whether a word of the key means annotation."""
    return any(map(_ANNOTATION.fullmatch, words_of(key)))


def words_of(key: str) -> list[str]:
    """Return the words of a key in snake or camel case."""
    return [word.lower() for word in _WORDS.findall(key)]


def _keys(record: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every key with its value, outer keys first, except the text."""
    left: list[tuple[tuple[str, ...], Any]] = [((), record)]
    for path, value in left:  # grows while it is read
        if isinstance(value, Mapping):
            inner = [((*path, str(key)), part) for key, part in value.items() if path or key != "text"]
            yield from inner
            left += inner
        elif isinstance(value, list):
            left += [(path, part) for part in value if isinstance(part, (Mapping, list))]


def _is_annotation(value: Any) -> bool:
    if not isinstance(value, list):
        return isinstance(value, Mapping) and _has_offsets(value)
    return any(
        (isinstance(part, Mapping) and _has_offsets(part))
        or (isinstance(part, list) and [type(place) for place in part[:2]] == [int, int])
        or (isinstance(part, str) and _TAG.match(part) is not None)
        for part in value
    )


def _has_offsets(part: Mapping[Any, Any]) -> bool:
    numbers = [set(words_of(str(key))) for key in part if type(part[key]) is int]
    return any(not words.isdisjoint(_STARTS) for words in numbers) and any(
        not words.isdisjoint(_ENDS) for words in numbers
    )
