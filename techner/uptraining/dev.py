"""The dev part of a training corpus: tells epochs apart. Never one of the gate's sets."""

import heapq
from collections.abc import Callable, Iterable, Sequence

from spacy.language import Language

from techner.core.examples import Example, share_of, text_key
from techner.core.policy import TrainingPolicy
from techner.core.scores import count, micro, total
from techner.uptraining.pipeline import entities, ner

LEAST_SPANS = 100  # with fewer, the best epoch is the luckiest one
MOST_EXAMPLES = 400


def part(
    examples: Sequence[Example], labels: frozenset[str], policy: TrainingPolicy
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Part into what is trained on and the dev part, which is empty where it would be too small to judge.

    Chosen by text hash: an example of the dev part stays there on later nights.
    """
    ranked = {text_key(example.text): example for example in examples}
    wanted = min(int(policy.dev_share * len(ranked)), MOST_EXAMPLES)
    chosen = set(heapq.nsmallest(wanted, ranked, key=lambda key: share_of(key, salt="dev")))
    dev = tuple(ranked[key] for key in ranked if key in chosen)
    if sum(span.label in labels for example in dev for span in example.spans) < LEAST_SPANS:
        return tuple(examples), ()
    return tuple(example for example in examples if text_key(example.text) not in chosen), dev


def scorer(
    nlp: Language, name: str, dev: Iterable[Example], labels: frozenset[str]
) -> Callable[[], float | None]:
    """Return a function that gives the component's micro F1 on the dev part as it is now."""
    dev = tuple(dev)

    def score() -> float | None:
        if not dev:
            return None
        component = ner(nlp, name)
        docs = component.pipe((nlp.make_doc(example.text) for example in dev), batch_size=128)
        rows = (
            count(example.spans, entities(doc), labels & set(example.scope or labels))
            for example, doc in zip(dev, docs, strict=True)
        )
        return micro(total(rows)).f1

    return score
