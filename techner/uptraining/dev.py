"""The dev part of a training corpus: tells epochs apart. Never one of the gate's sets."""

import heapq
from collections.abc import Callable, Iterable, Sequence

from spacy.language import Language

from techner.core.examples import Example, share_of, text_key
from techner.core.policy import TrainingPolicy
from techner.core.scores import count, micro, total
from techner.uptraining.pipeline import component_entities

LEAST_SPANS = 100  # with fewer, the best epoch is the luckiest one
MOST_EXAMPLES = 600


def part(
    examples: Sequence[Example], labels: frozenset[str], policy: TrainingPolicy
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Part into what is trained on and the dev part, which is empty where it would be too small to judge.

    Chosen by text hash: an example of the dev part stays there on later nights.
    """
    training, dev = rehearsal_part(examples, policy)
    if sum(span.label in labels for example in dev for span in example.spans) < LEAST_SPANS:
        return tuple(examples), ()
    return training, dev


def rehearsal_part(
    examples: Sequence[Example], policy: TrainingPolicy
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Part rehearsal texts in the same way; there are always enough of them."""
    wanted = min(int(policy.dev_share * len(examples)), MOST_EXAMPLES)
    ranks = {text_key(example.text): share_of(text_key(example.text), salt="dev") for example in examples}
    chosen = set(heapq.nsmallest(wanted, ranks, key=ranks.__getitem__))
    dev = tuple(example for example in examples if text_key(example.text) in chosen)
    return tuple(example for example in examples if text_key(example.text) not in chosen), dev


def scorer(
    nlp: Language, name: str, dev: Sequence[Example], old: Iterable[Example], labels: frozenset[str]
) -> Callable[[], float | None]:
    """Return a function that gives the component's micro F1 as it is now; None without a dev part.

    What is found in the `old` texts beside their own spans counts as wrong.
    """
    new, examples = tuple(dev), (*dev, *old)

    def score() -> float | None:
        if not new:
            return None
        found = component_entities(nlp, name, [example.text for example in examples])
        rows = (
            count(example.spans, spans, example.in_scope(labels))
            for example, spans in zip(examples, found, strict=True)
        )
        return micro(total(rows)).f1

    return score
