"""Which labels gold examples were read for: what nobody looked for is no evidence that it is absent."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from heapq import nsmallest
from typing import NamedTuple

from techner.core.examples import Example, Span, digest

LEAST_FOUND = 20
"""With fewer of the origin's spans in rows without a label, nothing says that nobody looked for it."""
SAMPLE = 400
"""Rows that the origin reads to see whether it must read all."""
Find = Callable[[Sequence[str]], Iterable[tuple[Span, ...]]]


class Narrowed(NamedTuple):
    """Gold examples with their scopes, and how many spans the origin finds that were not looked for."""

    gold: list[Example]
    never: dict[str, int]
    """Label without a gold span → the origin's spans of it."""
    partly: dict[str, int]
    """Label with fewer gold spans than the origin's spans in rows without it → these."""


def narrow(gold: Sequence[Example], labels: Iterable[str], find: Find) -> Narrowed:
    """Remove labels that were not looked for from the scope of gold examples; a row's own scope stays.

    A label that the origin finds, but that no row has, was never annotated. If it finds more spans in rows
    without the label than there are gold spans, then either it is mostly wrong, or some annotators did not
    look: the rows in which it finds the label say nothing about it. In the others nothing speaks against
    their gold. `find` is the origin.
    """
    labels = frozenset(labels)
    if not unmarked(gold, labels):
        # By hash: two annotators who took turns would both be missed, or one of them, in every n-th row.
        sample = nsmallest(SAMPLE, gold, key=lambda example: digest(example.text.encode()))
        found = find([example.text for example in sample])
        if not _partly(sample, list(found), labels, least=LEAST_FOUND * len(sample) // max(1, len(gold))):
            return Narrowed(list(gold), {}, {})
    return narrowed(gold, list(find([example.text for example in gold])), labels)


def unmarked(gold: Iterable[Example], labels: Iterable[str]) -> frozenset[str]:
    """Return those of `labels` that occur in no span and no scope of a gold example."""
    spoken = {label for example in gold for label in (*example.labels, *(example.scope or ()))}
    return frozenset(labels) - spoken


def narrowed(gold: Sequence[Example], found: Sequence[tuple[Span, ...]], labels: Iterable[str]) -> Narrowed:
    """Do the same with what the origin finds in each gold text."""
    labels = frozenset(labels)
    silent = unmarked(gold, labels)
    never = Counter(span.label for spans in found for span in spans if span.label in silent)
    partly = _partly(gold, found, labels - silent, least=LEAST_FOUND)
    if not never and not partly:
        return Narrowed(list(gold), {}, {})

    def within(example: Example, spans: tuple[Span, ...]) -> Example:
        unseen = never.keys() | (partly.keys() & {span.label for span in spans} - set(example.labels))
        if example.scope is not None or not unseen:
            return example
        return replace(example, scope=tuple(sorted(labels - unseen)))

    return Narrowed(list(map(within, gold, found)), dict(never), partly)


def _partly(
    gold: Sequence[Example], found: Sequence[tuple[Span, ...]], labels: frozenset[str], *, least: int
) -> dict[str, int]:
    marked = Counter(span.label for example in gold for span in example.spans)
    without = Counter(
        span.label
        for example, spans in zip(gold, found, strict=True)
        if example.scope is None
        for span in spans
        if span.label in labels and span.label not in example.labels
    )
    return {label: spans for label, spans in without.items() if spans >= least and spans > marked[label]}
