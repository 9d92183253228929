"""Tags of tokens → spans: IOB, IOB2, BILUO and IOBES, which differ in letters but not in meaning."""

import re
from collections.abc import Sequence
from typing import Any

from techner.formats.rows import ShapeError

TAG = re.compile(r"O|[BILUES]-.*", re.DOTALL)
_GOES_ON, _ENDS = frozenset("ILE"), frozenset("LUES")


def tagged(tokens: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
    """Return the text, tokens joined by spaces, and its entities; raises ShapeError as `spans` does."""
    text, starts, ends = joined(tokens, [True] * len(tokens))
    return {
        "text": text,
        "entities": [[starts[first], ends[last], label] for first, last, label in spans(tags)],
    }


def joined(tokens: Sequence[str], spaces: Sequence[bool]) -> tuple[str, list[int], list[int]]:
    """Return the text of tokens, a space after those that have one (but the last), and starts and ends."""
    starts: list[int] = []
    ends: list[int] = []
    pieces: list[str] = []
    at = 0
    for token, space in zip(tokens, spaces, strict=True):
        starts.append(at)
        ends.append(at + len(token))
        pieces.append(f"{token} " if space else token)
        at += len(pieces[-1])
    text = "".join(pieces)
    return text[:-1] if spaces and spaces[-1] else text, starts, ends


def spans(tags: Sequence[str]) -> list[list[Any]]:
    """Return `[first, last, label]` for each span over tokens; raises ShapeError.

    `I-` that follows no span of its label begins one, as in IOB1, the scheme of CoNLL-2003 (ADR 11).
    `L-` and `E-` never begin one: if no span is open, its beginning was lost.
    """
    found: list[list[Any]] = []
    inside: list[Any] | None = None
    for place, tag in enumerate(tags):
        if tag == "O":  # nearly all
            inside = None
            continue
        if not TAG.fullmatch(tag):
            raise ShapeError(
                f"token {place + 1}: {tag!r} is neither O nor B-, I-, L-, U-, E-, S- with a label"
            )
        letter, label = tag[0], tag[2:]
        if inside and inside[2] == label and letter in _GOES_ON:
            inside[1] = place
        elif letter in {"L", "E"}:
            raise ShapeError(f"token {place + 1}: {tag!r} ends a span that has no beginning")
        else:
            inside = [place, place, label]
            found.append(inside)
        if letter in _ENDS:
            inside = None
    return found
