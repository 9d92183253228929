"""Tags of tokens ⇄ spans: IOB, IOB2, BILUO and IOBES, which differ in letters and not in what they say."""

import re
from collections.abc import Sequence
from typing import Any

from techner.formats.rows import ShapeError

TAG = re.compile(r"O|[BILUES]-.*", re.DOTALL)
_GOES_ON, _ENDS = frozenset("ILE"), frozenset("LUES")


def tagged(tokens: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
    """Return the text, tokens joined by spaces, and its entities; raises ShapeError that says what is wrong.

    `I-` with no span of its label before it begins one, as in IOB1, which CoNLL-2003 is written in (ADR 11).
    `L-` and `E-` are never written so: there the beginning was lost.
    """
    entities: list[list[Any]] = []
    inside: list[Any] | None = None
    start = 0
    for number, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1):
        end = start + len(token)
        if not TAG.fullmatch(tag):
            raise ShapeError(f"token {number}: {tag!r} is none of O, B-, I-, L-, U-, E-, S- with a label")
        letter, label = tag[0], tag[2:]
        if letter == "O":
            inside = None
        elif inside and inside[2] == label and letter in _GOES_ON:
            inside[1] = end
        elif letter in {"L", "E"}:
            raise ShapeError(f"token {number}: {tag!r} ends a span that nothing began")
        else:
            inside = [start, end, label]
            entities.append(inside)
        if letter in _ENDS:
            inside = None
        start = end + 1
    return {"text": " ".join(tokens), "entities": entities}
