"""Bounded, deterministic samples of a stream of examples."""

import heapq
from collections.abc import Iterable

from techner.core.examples import Example, digest, example_digest, share_of, text_key

NO_LABEL = ""


def bottom_k(examples: Iterable[Example], *, per_label: int) -> tuple[Example, ...]:
    """Keep the `per_label` examples with the lowest content hash, for every label and for no label.

    This is a bottom-k sketch (Cohen & Kaplan 2007): the sample of a union is the sample of the union of
    samples, so the order and grouping of nights do not matter. A rare label keeps all its examples.
    """
    by_digest = {example_digest(example): example for example in examples}
    by_label: dict[str, list[str]] = {}
    for key, example in by_digest.items():
        for label in example.labels or {NO_LABEL}:
            by_label.setdefault(label, []).append(key)
    kept = {key for keys in by_label.values() for key in heapq.nsmallest(per_label, keys)}
    return tuple(by_digest[key] for key in sorted(kept))


def draw(examples: Iterable[Example], *, count: int, salt: str) -> tuple[Example, ...]:
    """Draw `count` examples by salted hash; the same salt gives the same draw."""
    ranked = heapq.nsmallest(
        count, examples, key=lambda example: digest(f"{salt}:{text_key(example.text)}".encode())
    )
    return tuple(ranked)


def in_holdout(example: Example, *, share: float) -> bool:
    """Tell whether the text belongs to the holdout; its folded text alone decides, for ever."""
    return share_of(text_key(example.text), salt="holdout") < share
