"""Faults of one row: those that prevent an example, and those of the example."""

from itertools import starmap
from typing import Any

from techner.core.examples import Example, Span
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme, example_today
from techner.formats import Fault, Row
from techner.quality.fault import Faults, quoted
from techner.quality.findings import MAX_LISTED_OF_ROW
from techner.quality.labels import meant
from techner.quality.text import has_long_run, text_faults

CHECKS_VERSION = 13
"""Increase it with every change of what a check finds: batches not learnt yet are then examined anew."""
ANSWERS_NOT_TAUGHT = {"reject": "rejected", "ignore": "skipped"}


def parse_row(row: Row, policy: QualityPolicy, scheme: LabelScheme) -> tuple[Example | None, list[Fault]]:
    """Return the example, under today's label names, and the faults found in the row's fields.

    The example is None if a critical fault prevents it.
    """
    if row.fault:
        return None, [row.fault]
    if row.answer in ANSWERS_NOT_TAUGHT:
        by = f": {quoted(row.answered_by)} says so" if row.answered_by else ""
        return None, [Fault("answer", f"the annotator {ANSWERS_NOT_TAUGHT[row.answer]} this row{by}")]
    faults = [] if _is_plain(row, policy, scheme) else [*_faults(row, policy, scheme)]
    if _are_critical(faults, policy):
        return None, faults
    spans = tuple(starmap(Span, sorted(row.entities)))
    scope = None if row.scope is None else tuple(sorted(set(row.scope)))
    example = Example(row.text, spans, scope)
    return example_today(example, scheme.moves) if scheme.moves.is_any else example, faults


def _is_plain(row: Row, policy: QualityPolicy, scheme: LabelScheme) -> bool:
    """Say whether `_faults` is known to find nothing, in a third of its time; true of nearly every row."""
    text, entities, known = row.text, row.entities, scheme.labels or ()
    if type(text) is not str or type(entities) is not list or row.scope is not None:
        return False
    length = len(text)
    if length > policy.max_text_chars or has_long_run(text):
        return False
    if not text.isascii() or not text.isprintable() or not text.strip():
        return False
    for entity in entities:
        match entity:
            case [start, end, label] if type(start) is int and type(end) is int and type(label) is str:
                if not 0 <= start < end <= length or label not in known:
                    return False
            case _:
                return False
    return True


def _faults(row: Row, policy: QualityPolicy, scheme: LabelScheme) -> Faults:
    faults = [*text_faults(row.text, policy), *_entities_faults(row.entities)]
    yield from faults
    if _are_critical(faults, policy):
        return
    yield from _field_faults(row.entities, len(row.text), scheme)
    if row.scope is not None and (wrong := scheme.scope_fault(row.scope)):
        yield Fault("scope", wrong)


def _are_critical(faults: list[Fault], policy: QualityPolicy) -> bool:
    return bool(faults) and any(policy.severity(fault.code) == "critical" for fault in faults)


def scope_faults(example: Example) -> Faults:
    """Yield a fault for every span whose label is outside the example's scope."""
    if example.scope is None:
        return
    for span in example.spans:
        if not example.looked_for(span.label):
            what = f"{span.label} at {span.start} is outside the scope {', '.join(example.scope)}"
            yield Fault("scope", f"{what}: remove the span, or add the label to the scope")


def _entities_faults(entities: Any) -> Faults:
    if not isinstance(entities, list):
        said = "the row is not annotated: it has no entities; write [] if there are none"
        yield Fault("entities_type", said if entities is None else f"entities is {type(entities).__name__}")
        return
    for entity in entities:
        if not isinstance(entity, list) or len(entity) != len(("start", "end", "label")):
            yield Fault("shape", f"{str(entity)[:60]} is not [start, end, label]")


def outside(start: int, end: int, length: int) -> str:
    """Return the detail of a span that is empty or leaves its text."""
    return f"{start}-{end} in a text of {length}"


def _shown(offset: Any) -> str:
    # The same list may be in a million entities.
    return f"'{type(offset).__name__}'" if isinstance(offset, (list, dict)) else quoted(str(offset))


def _field_faults(entities: list[Any], length: int, scheme: LabelScheme) -> Faults:
    suggested = 0
    for start, end, label in entities:
        if type(start) is not int or type(end) is not int:  # bool is an int to isinstance
            yield Fault("offset_type", f"{_shown(start)}, {_shown(end)} are not two whole numbers")
        elif not 0 <= start < end <= length:
            yield Fault("offset_range", outside(start, end, length))
        if wrong := scheme.fault(label):
            # No more findings of one row than these are kept in words.
            found = meant(label, scheme) if suggested < MAX_LISTED_OF_ROW else None
            suggested += 1
            yield Fault("label", wrong, found[0] if found else None)
