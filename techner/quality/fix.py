"""Certain corrections, which leave only the others to a person."""

from collections.abc import Iterator
from typing import Any

from techner.formats import Row
from techner.quality.covered_text import placed_by_text
from techner.quality.labels import meant
from techner.quality.offset_shifts import Extent, shifts_that_fit, trimmed
from techner.quality.scan import Scan, ranges

Corrected = tuple[list[Any], list[str]]
"""Entities, and a list of what was corrected."""


class Fixer:
    """Corrects the rows of one batch."""

    def __init__(self, scan: Scan, *, is_shifted: bool) -> None:
        self._scheme = scan.rulebook.scheme
        self._bounds = scan.bounds
        self._shift = scan.placement.shift() if is_shifted else None

    def fixed(self, row: Row) -> dict[str, Any]:
        """Return `record`, the row with its certain corrections, and `fixes`, a list of them.

        Empty if the row has no text or no entities to put into a record.
        """
        if row.fault or not isinstance(row.text, str) or not isinstance(row.entities, list):
            return {}
        scope = {} if row.scope is None else {"scope": row.scope}
        if not row.entities:
            return {"record": {"text": row.text, "entities": [], **scope}, "fixes": []}
        entities, fixes = placed_by_text(row)
        entities, named = self._labels(entities)
        fixes = fixes + named
        for correct in (self._offsets, _edges):
            entities, done = correct(row.text, entities)
            fixes += done
        entities, done = _once(entities)
        fixes += done
        return {"record": {"text": row.text, "entities": entities, **scope}, "fixes": fixes}

    def _labels(self, entities: list[Any]) -> Corrected:
        corrected, fixes = [], []
        for entity in entities:
            match entity:
                case [start, end, label] if self._scheme.fault(label):
                    found = meant(label, self._scheme)
                    if found and found[1]:
                        corrected.append([start, end, found[0]])
                        fixes.append(f"label {label!r} is {found[0]}")
                        continue
            corrected.append(entity)
        return corrected, fixes

    def _offsets(self, text: str, entities: list[Any]) -> Corrected:
        """Move the spans of a row if exactly one way of counting puts each on whole tokens."""
        given = list(ranges(entities))
        if len(given) != len(entities) or all(self._bounds.fits(text, *one) for one in given):
            return entities, []
        if self._shift:
            move = self._shift.on(text)
            placed = {tuple(move(*one) for one in given)} if move else set()
            placed = {each for each in placed if all(self._bounds.fits(text, *one) for one in each)}
        elif (text.isascii() and "\n" not in text) or any(
            self._bounds.fits(text, *trimmed(text, *one)) for one in _inside(text, given)
        ):
            return entities, []  # in plain text all units are equal, and a single row's shift is a guess
        else:
            placed = shifts_that_fit(text, given, self._bounds)
        if len(placed) != 1:
            return entities, []
        moved = placed.pop()
        fixes = [
            f"offsets {start}-{end} are {to[0]}-{to[1]}"
            for (start, end), to in zip(given, moved, strict=True)
        ]
        return [[*to, *entity[2:]] for to, entity in zip(moved, entities, strict=True)], fixes


def _edges(text: str, entities: list[Any]) -> Corrected:
    corrected, fixes = list(entities), []
    for place, (start, end) in _places(entities):
        first, last = trimmed(text, start, end)
        if 0 <= start < end <= len(text) and (start, end) != (first, last) and first < last:
            corrected[place] = [first, last, *entities[place][2:]]
            fixes.append(f"white space at an edge: {start}-{end} is {first}-{last}")
    return corrected, fixes


def _once(entities: list[Any]) -> Corrected:
    once: list[Any] = []
    seen: set[object] = set()
    for entity in entities:
        match entity:
            case [int() | float() as start, int() | float() as end, str() as label]:
                if (start, end, label) in seen:
                    continue
                seen.add((start, end, label))
        once.append(entity)
    return once, ["a span was given twice"] if len(once) < len(entities) else []


def _places(entities: list[Any]) -> Iterator[tuple[int, Extent]]:
    for place, entity in enumerate(entities):
        for found in ranges([entity]):
            yield place, found


def _inside(text: str, given: list[Extent]) -> list[Extent]:
    return [(start, end) for start, end in given if 0 <= start < end <= len(text)]
