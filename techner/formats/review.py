"""What a record, or one of its entities, says about itself: that a person rejected or skipped it.

Keys are told by their words, as those of entities: `"review_status": "rejected"`, `"is_skipped": true`,
`"valid": 0`. `"approved": false` and `"accepted": false` say nothing: a reviewer may not have come to it yet.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from techner.formats.unread import words_of

_STATES = frozenset(("status", "state", "review", "verdict", "decision", "answer"))
_BESIDE = frozenset(
    ("annotation", "annotator", "review", "reviewer", "entity", "label", "span", "is", "was", "been", "has")
)
REJECTED = frozenset(("reject", "rejected", "discard", "discarded", "declined", "deleted", "removed"))
SKIPPED = frozenset(("skip", "skipped", "ignore", "ignored", "cancelled", "canceled")) | {
    "suggested", "predicted",
}  # fmt: skip
_GOOD = frozenset(("valid", "correct"))
_BOOLS = {"true": True, "false": False}
_KEY_CHARS = 40
_MOST_KEYS = 40


def rejection(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the key that says that a person did not accept this, and `reject` or `ignore`; else None."""
    names = tuple(key for key in fields if len(key) <= _KEY_CHARS)
    for key in _telling(names) if len(names) <= _MOST_KEYS else _telling.__wrapped__(names):
        if said := _answer(set(words_of(key)), fields[key]):
            return key, said
    return None


@lru_cache(maxsize=256)
def _telling(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys that may tell a state."""
    known = _STATES | REJECTED | SKIPPED | _GOOD
    return tuple(
        name
        for name in names
        if (words := set(words_of(name))) and words & known and words <= known | _BESIDE
    )


def _answer(words: set[str], value: Any) -> str | None:
    is_so = _is_so(value)
    if is_so is None and isinstance(value, str) and words & _STATES:
        is_so, words = True, {value.strip().lower()}
    if is_so is False and words & _GOOD:
        return "reject"
    if not is_so:
        return None
    return "reject" if words & REJECTED else "ignore" if words & SKIPPED else None


def _is_so(value: Any) -> bool | None:
    """Return what a yes or no says, also as a number or in words; None if it is neither."""
    if isinstance(value, str):
        return _BOOLS.get(value.strip().lower())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None
