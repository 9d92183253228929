"""Counts of right, spurious and missed spans, and the scores made from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from techner.core.examples import Span, overlap


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives, false negatives of exact spans."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def support(self) -> int:
        """Gold spans."""
        return self.tp + self.fn

    @property
    def precision(self) -> float | None:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        return self.tp / self.support if self.support else None

    @property
    def f1(self) -> float | None:
        """F1 from 0 to 1; None if there is neither gold nor prediction."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else None


def count(gold: Iterable[Span], predicted: Iterable[Span], labels: frozenset[str]) -> dict[str, Counts]:
    """Count by label how the spans of one text compare, with exact offsets and labels, over `labels` only."""
    wanted = {span for span in gold if span.label in labels}
    found = {span for span in predicted if span.label in labels}
    return {
        label: Counts(
            tp=sum(span.label == label for span in wanted & found),
            fp=sum(span.label == label for span in found - wanted),
            fn=sum(span.label == label for span in wanted - found),
        )
        for label in sorted({span.label for span in wanted | found})
    }


def total(rows: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Add up per-text counts, label by label."""
    sums: dict[str, Counts] = {}
    for row in rows:
        for label, counts in row.items():
            sums[label] = sums.get(label, Counts()) + counts
    return dict(sorted(sums.items()))


def micro(by_label: Mapping[str, Counts]) -> Counts:
    return sum(by_label.values(), Counts())


def macro_f1(by_label: Mapping[str, Counts]) -> float | None:
    """Mean F1 of the labels that have gold spans."""
    scores = [counts.f1 or 0.0 for counts in by_label.values() if counts.support]
    return sum(scores) / len(scores) if scores else None


def right_and_kept(gold: Iterable[Span], before: Iterable[Span], after: Iterable[Span]) -> tuple[int, int]:
    """Count the gold spans that were found before, and how many of these are still found."""
    right = set(gold) & set(before)
    return len(right), len(right & set(after))


def away_and_kept(gold: Iterable[Span], before: Iterable[Span], after: Iterable[Span]) -> tuple[int, int]:
    """Count the spans found before that overlap no gold span, and how many of these are still found."""
    taken = tuple(gold)
    away = {found for found in before if not any(overlap(found, span) for span in taken)}
    return len(away), len(away & set(after))
