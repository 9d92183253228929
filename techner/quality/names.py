"""Names over the whole batch: those with several labels, and those annotated nearly everywhere but here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from techner.core.policy import QualityPolicy
from techner.quality.found import Fault, quoted
from techner.quality.spill import Spilled
from techner.quality.text import words

MAX_NAMES = 250_000
"""Beyond that the names seen once are forgotten, so that memory is bounded."""
MAX_NAME_CHARS = 60
LEAST_NAME_CHARS = 3
"""`C` and `Go` stand for too much else to be looked for in every text."""
_OPENING = "([{\"'“‘«"  # noqa: RUF001
_CLOSING = ".,;:!?)]}\"'”’»"


@dataclass(slots=True)
class Names:
    """How often each name was annotated with each label, and in which row first."""

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
        """Yield a fault for every name with several labels, where each but the usual one comes first."""
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
    names: Names, spilled: Iterable[Spilled], scope: tuple[str, ...] | None, policy: QualityPolicy
) -> Iterator[tuple[int, Fault]]:
    """Yield a fault for every occurrence of a name that is not annotated though nearly all others are."""
    wanted = _wanted(names, policy)
    by_word: dict[bytes, list[str]] = {}
    for surface in wanted:
        by_word.setdefault(words(surface)[0], []).append(surface)
    first_words = frozenset(by_word)
    found: dict[str, list[tuple[int, int]]] = {surface: [] for surface in wanted}
    for one in spilled:
        number, text, spans, own_scope = one
        looked_for = own_scope or scope
        for word in first_words.intersection(words(text)):
            for surface in by_word[word]:
                label, limit = wanted[surface]
                if len(found[surface]) <= limit and (looked_for is None or label in looked_for):
                    found[surface] += [(number, at) for at in _unannotated(surface, text, spans)]
    for surface, places in found.items():
        label, limit = wanted[surface]
        if len(places) <= limit:
            for number, at in places:
                detail = f"{quoted(surface)} at {at} is not annotated; it is {label} in most other places"
                yield number, Fault("missing_annotation", detail, f"[{at}, {at + len(surface)}, {label}]")


def _wanted(names: Names, policy: QualityPolicy) -> dict[str, tuple[str, int]]:
    """Return the names to look for: their label, and up to how many bare occurrences are an oversight."""
    wanted = {}
    for surface, labels in names.labels().items():
        count = sum(labels.values())
        label = max(labels, key=lambda one: (labels[one], one))
        is_name = len(surface) >= LEAST_NAME_CHARS and words(surface)
        if is_name and count >= policy.min_name_count and len(labels) == 1:
            share = min(policy.max_missing_share, 0.99)  # of all occurrences, bare ones included
            wanted[surface] = label, int(count * share / (1 - share))
    return wanted


def _unannotated(surface: str, text: str, spans: list[tuple[int, int, str]]) -> list[int]:
    places, at = [], text.find(surface)
    while at >= 0:
        end = at + len(surface)
        for first, last, _ in spans:
            if first < end and at < last:
                break
        else:
            if _stands_alone(text, at, end):
                places.append(at)
        at = text.find(surface, at + 1)
    return places


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a name is no part of a longer one, of a path or of an address."""
    before, after = text[max(start - 1, 0) : start], text[end : end + 2]
    return (not before or before.isspace() or before in _OPENING) and (
        not after or after[0].isspace() or (after[0] in _CLOSING and after[1:].strip() == "")
    )
