"""Faults of one row, each with a code. `CODES` says what every code means."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from techner.core.examples import Example, Span
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme, example_today
from techner.formats import Row

CHECKS_VERSION = 2
"""Counts up with every change of what a check finds: what is not learnt yet is then examined anew."""
CODES = {
    "encoding": "the row is UTF-8",
    "json": "the row is JSON with unique keys",
    "shape": "the row is a record and its entities are [start, end, label]",
    "text_type": "the text is a string",
    "text_empty": "the text has something to read",
    "text_long": "the text is not longer than the policy allows",
    "control": "the text has no control characters or lone surrogates",
    "mojibake": "the text has no replacement characters: its bytes were lost before delivery",
    "entities_type": "entities are given, as a list; unlabelled is not the same as no entities",
    "offset_type": "offsets are whole numbers",
    "offset_range": "0 <= start < end <= length of the text",
    "label": "every label is in the label scheme, or an old name of one that is",
    "scope": "a scope lists labels of the label scheme, and no span lies outside the scope of its row",
    "span_edge": "no span starts or ends with white space",
    "zero_width": "no span holds an invisible character",
    "misaligned": "every span starts and ends where a token does",
    "duplicate_span": "no span is given twice",
    "overlap": "no two spans overlap or nest",
    "duplicate": "the text was not delivered before in this batch with the same spans",
    "conflict": "the text was not delivered in this batch with other spans",
    "leak": "the text is not in the regression set or the holdout",
}
_ZERO_WIDTH = set("\u200b\u200c\u200d\u2060\ufeff\u00ad")
# C0 and C1 controls but tab and line ends, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

Faults = Iterator[tuple[str, str]]


def parse_row(
    row: Row, policy: QualityPolicy, scheme: LabelScheme
) -> tuple[Example | None, list[tuple[str, str]]]:
    """Return the example and the faults found in its fields; the example is None where none can be made.

    It is read under today's names.
    """
    if row.fault:
        return None, [row.fault]
    faults = list(_text_faults(row.text, policy)) + list(_entities_faults(row.entities))
    if faults:
        return None, faults
    faults = [fault for entity in row.entities for fault in _field_faults(entity, len(row.text), scheme)]
    if row.scope is not None and (fault := scheme.scope_fault(row.scope)):
        faults.append(("scope", fault))
    if faults:
        return None, faults
    spans = tuple(sorted(Span(start, end, label) for start, end, label in row.entities))
    scope = None if row.scope is None else tuple(sorted(set(row.scope)))
    return example_today(Example(row.text, spans, scope), scheme.moves), []


def scope_faults(example: Example) -> Faults:
    """Yield a fault for every span of a label that nobody looked for."""
    for span in example.spans:
        if not example.looked_for(span.label):
            what = f"{span.label} at {span.start} is outside the scope {', '.join(example.scope or ())}"
            yield "scope", f"{what}: remove the span, or add the label to the scope"


def span_faults(example: Example, tokens: Callable[[str], list[tuple[int, int]]]) -> Faults:
    """Yield faults of well-formed spans: edges, alignment with tokens, and each other."""
    if not example.spans:
        return
    bounds = tokens(example.text)
    starts, ends = {start for start, _ in bounds}, {end for _, end in bounds}
    for span in example.spans:
        surface = example.text[span.start : span.end]
        where = f"{surface!r} at {span.start}"
        if surface != surface.strip():
            yield "span_edge", where
        if _ZERO_WIDTH & set(surface):
            yield "zero_width", where
        # White space at an edge is a fault of its own; what is left must still be whole tokens.
        first = span.start + len(surface) - len(surface.lstrip())
        last = span.end - len(surface) + len(surface.rstrip())
        if first not in starts or last not in ends:
            yield "misaligned", where
    yield from overlap_faults(example)


def overlap_faults(example: Example) -> Faults:
    """Yield a fault for every two spans that share a character."""
    for left, right in pairwise(example.spans):
        if left == right:
            yield "duplicate_span", f"{example.text[left.start : left.end]!r} at {left.start}"
        elif right.start < left.end:
            yield "overlap", f"{left.start}-{left.end} and {right.start}-{right.end}"


def _text_faults(text: Any, policy: QualityPolicy) -> Faults:
    if not isinstance(text, str):
        yield "text_type", f"text is {type(text).__name__}"
        return
    if not text.strip():
        yield "text_empty", "nothing but white space"
    if len(text) > policy.max_text_chars:
        yield "text_long", f"{len(text)} characters, at most {policy.max_text_chars}"
    if bad := _CONTROL.search(text):
        yield "control", f"character U+{ord(bad[0]):04X}"
    if "\ufffd" in text:
        yield "mojibake", "U+FFFD stands where bytes were lost"


def _entities_faults(entities: Any) -> Faults:
    if not isinstance(entities, list):
        yield "entities_type", f"entities is {type(entities).__name__}"
        return
    for entity in entities:
        if not isinstance(entity, list) or len(entity) != len(("start", "end", "label")):
            yield "shape", f"{str(entity)[:60]} is not [start, end, label]"


def _field_faults(entity: list[Any], length: int, scheme: LabelScheme) -> Faults:
    start, end, label = entity
    if type(start) is not int or type(end) is not int:  # bool is an int to isinstance
        yield "offset_type", f"{start!r}, {end!r}"
    elif not 0 <= start < end <= length:
        yield "offset_range", f"{start}-{end} in a text of {length}"
    if fault := scheme.fault(label):
        yield "label", fault
