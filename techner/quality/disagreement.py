"""A second reader: rows in which the production model confidently contradicts the annotators."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, starmap

from techner.core.delivery import Finding
from techner.core.examples import Span, overlap
from techner.core.policy import QualityPolicy, SchemePolicy
from techner.quality.examples_on_disk import Spilled
from techner.quality.fault import quoted, writable

CODE = "model_disagreement"
_WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReader:
    labels: frozenset[str]
    """The labels it knows; it says nothing about others."""
    read: Callable[[Sequence[str]], list[dict[Span, float]]]
    """Texts → the entities of each, with the model's confidence, 0 to 1."""


def disagreements(
    rows: Iterable[Spilled],
    count: int,
    reader: SecondReader,
    *,
    scope: tuple[str, ...],
    moves: SchemePolicy,
    policy: QualityPolicy,
) -> list[Finding]:
    """Return what the model contradicts, most confident first, in rows drawn evenly from the `count` given.

    It contradicts by finding an entity, of a label that was looked for, where there is no span, or where
    there is a different one of a label that the model knows.
    """
    names = {label: moves.renamed.get(label, label) for label in reader.labels}
    step = max(1, -(-count // policy.model_rows))
    drawn = _within([*islice(rows, 0, None, step)], policy.model_words)
    found: list[tuple[float, Finding]] = []
    for (number, text, spans, own_scope), read in zip(
        drawn, reader.read([text for _, text, *_ in drawn]), strict=True
    ):
        annotated = list(starmap(Span, spans))
        looked_for = scope if own_scope is None else own_scope
        for was, sure in read.items():
            span = replace(was, label=names.get(was.label, ""))
            if sure < policy.model_confidence or span.label not in looked_for:
                continue
            here = [other for other in annotated if overlap(span, other)]
            known = [other for other in here if other.label in names.values()]
            if (known and span not in here) or not here:
                found.append((sure, _issue(number, text, span, here, sure)))
    return [issue for _, issue in sorted(found, key=lambda one: -one[0])]


def _within(drawn: list[Spilled], most: int) -> list[Spilled]:
    """Draw evenly again, so that the rows have at most `most` words and marks."""
    sizes = [len(_WORD_OR_MARK.findall(text)) for _, text, *_ in drawn]
    every = max(1, -(-sum(sizes) // max(most, 1)))
    kept, read = [], 0
    for one, size in zip(drawn[::every], sizes[::every], strict=True):
        if read + size <= most:
            kept.append(one)
            read += size
    return kept


def _issue(number: int, text: str, span: Span, annotated: list[Span], sure: float) -> Finding:
    said = " and ".join(f"{other.label} [{other.start}, {other.end}]" for other in annotated)
    detail = (
        f"{quoted(text[span.start : span.end])} is {span.label} to the production model ({sure:.0%} sure), "
        f"{f'annotated as {said}' if said else 'not annotated'}"
    )
    return Finding(
        row=number,
        code=CODE,
        detail=writable(detail),
        suggestion=f"[{span.start}, {span.end}, {span.label}]",
    )
