"""Names over the whole batch: those with several labels, and those annotated nearly everywhere."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from techner.core.policy import QualityPolicy
from techner.formats import Fault
from techner.quality.examples_on_disk import Spilled
from techner.quality.fault import quoted
from techner.quality.text import words

MAX_NAMES = 250_000
"""Beyond that, names seen once are forgotten to bound the memory."""
MAX_NAME_CHARS = 60
LEAST_NAME_CHARS = 3
"""`C` and `Go` have too many other meanings to be looked for in every text."""
MAX_SHAPES = 32
"""Lengths of names that begin with the same word: each is looked for wherever that word occurs."""
_WORD = re.compile(r"[^\W_]+")
_OPENING = "([{\"'“‘«"  # noqa: RUF001
_CLOSING = ".,;:!?)]}\"'”’»"


@dataclass(slots=True)
class Surfaces:
    """How often each name was annotated with each label, and its first row."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first_row: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, one: Spilled) -> None:
        counts = self.counts
        number, text, spans, _ = one
        for start, end, label in spans:
            if end - start <= MAX_NAME_CHARS:
                name = text[start:end], label
                found = counts.get(name)
                counts[name] = 1 if found is None else found + 1
                if found is None:
                    self.first_row[name] = number
        if len(counts) > MAX_NAMES:
            self.counts = {name: count for name, count in counts.items() if count > 1}
            self.first_row = {name: self.first_row[name] for name in self.counts}

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how often each name has each label."""
        found: dict[str, dict[str, int]] = {}
        for (surface, label), count in self.counts.items():
            found.setdefault(surface, {})[label] = count
        return found

    def conflicts(self) -> Iterator[tuple[int, Fault]]:
        """Yield a fault for each unusual label of a name, in the first row that has it."""
        for surface, labels in self.labels().items():
            if len(labels) == 1:
                continue
            usual = max(labels, key=lambda label: (labels[label], label))
            for label in sorted(labels.keys() - {usual}):
                places = " and ".join(
                    f"{one} {labels[one]}× (first in row {self.first_row[surface, one]})"
                    for one in (usual, label)
                )
                yield (
                    self.first_row[surface, label],
                    Fault("surface_conflict", f"{quoted(surface)} is {places}"),
                )


def missing(
    names: Surfaces, spilled: Iterable[Spilled], scope: tuple[str, ...] | None, policy: QualityPolicy
) -> Iterator[tuple[int, Fault]]:
    """Yield a fault for every occurrence of a name that is not annotated although nearly all others are."""
    wanted = _wanted(names, policy)
    if not wanted:
        return
    shapes = _shapes(sorted(wanted, key=lambda surface: (-wanted[surface][1], surface)))
    first_words = frozenset(word.encode("utf-8", "surrogatepass") for word in shapes)
    found: dict[str, list[tuple[int, int]]] = {surface: [] for surface in wanted}
    for one in spilled:
        number, text, spans, own_scope = one
        looked_for = own_scope or scope
        if first_words.isdisjoint(words(text)):
            continue
        for at, surface in _occurrences(text, shapes, wanted):
            label, limit = wanted[surface]
            is_wanted = len(found[surface]) <= limit and (looked_for is None or label in looked_for)
            if is_wanted and not _is_annotated(at, at + len(surface), spans):
                found[surface].append((number, at))
    for surface, places in found.items():
        label, limit = wanted[surface]
        if len(places) <= limit:
            for number, at in places:
                detail = f"{quoted(surface)} at {at} is not annotated; it is {label} in most other places"
                yield number, Fault("missing_annotation", detail, f"[{at}, {at + len(surface)}, {label}]")


def _wanted(names: Surfaces, policy: QualityPolicy) -> dict[str, tuple[str, int]]:
    """Return the names to look for: their label, and how many bare occurrences still are an oversight."""
    wanted = {}
    for surface, labels in names.labels().items():
        count = sum(labels.values())
        label = max(labels, key=lambda one: (labels[one], one))
        is_name = len(surface) >= LEAST_NAME_CHARS and words(surface)
        if is_name and count >= policy.min_name_count and len(labels) == 1:
            share = min(policy.max_missing_share, 0.99)  # of all occurrences, bare ones included
            wanted[surface] = label, int(count * share / (1 - share))
    return wanted


def _shapes(wanted: Iterable[str]) -> dict[str, list[tuple[int, int]]]:
    """Return, by first word, where that word is in its names and how long these are.

    These are few, however many names begin with one word, so looking for all takes no longer than for one.
    If there are more than `MAX_SHAPES`, the first ones count.
    """
    shapes: dict[str, set[tuple[int, int]]] = {}
    for surface in wanted:
        first = _WORD.search(surface)
        if first and len(known := shapes.setdefault(first[0], set())) < MAX_SHAPES:
            known.add((first.start(), len(surface)))
    return {word: sorted(known) for word, known in shapes.items()}


def _occurrences(
    text: str, shapes: Mapping[str, list[tuple[int, int]]], wanted: Mapping[str, object]
) -> Iterator[tuple[int, str]]:
    """Yield where a name stands alone, word by word."""
    for word in _WORD.finditer(text):
        for before, length in shapes.get(word[0], ()):
            at = word.start() - before
            surface = text[at : at + length] if at >= 0 else ""
            if surface in wanted and _stands_alone(text, at, at + length):
                yield at, surface


def _is_annotated(start: int, end: int, spans: list[tuple[int, int, str]]) -> bool:
    """Say whether one of a row's sorted, disjoint spans shares a character with a range."""
    place = bisect_left(spans, (end,))
    return place > 0 and spans[place - 1][1] > start


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether a name is not part of a longer name, a path or an address."""
    before, after = text[max(start - 1, 0) : start], text[end : end + 2]
    return (not before or before.isspace() or before in _OPENING) and (
        not after or after[0].isspace() or (after[0] in _CLOSING and after[1:].strip() == "")
    )
