"""The dev part of a training corpus, which tells epochs apart; it is never one of the gate's sets."""

from collections.abc import Callable, Iterable, Sequence

from spacy.language import Language

from techner.core.examples import Example, share_of, text_key
from techner.core.policy import TrainingPolicy
from techner.core.scores import count, micro, total
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.pipeline import component_entities

LEAST_SPANS = 100  # with fewer, the best epoch is the luckiest one
Parts = tuple[tuple[Example, ...], tuple[Example, ...]]


def part(examples: Sequence[Example], labels: frozenset[str], policy: TrainingPolicy) -> Parts:
    """Split into the examples that are trained on and the dev part.

    The hash of the text decides: a text of the dev part is not trained on, tonight or on any other night,
    unless it has a label that no other text would teach. The dev part is empty if it is too small to judge.
    """
    training, dev = split(examples, share=policy.dev_share)
    lost = _only_in(dev, training) & labels
    training += tuple(example for example in dev if example.labels & lost)
    dev = tuple(example for example in dev if not example.labels & lost)
    spans = sum(span.label in labels for example in dev for span in example.spans)
    return training, dev if spans >= LEAST_SPANS else ()


def split(examples: Sequence[Example], *, share: float) -> Parts:
    """Split by the hash of the text; the second part is that share, and holds those of a smaller share."""
    held = [share_of(text_key(example.text), salt="dev") < share for example in examples]
    return (
        tuple(example for example, is_held in zip(examples, held, strict=True) if not is_held),
        tuple(example for example, is_held in zip(examples, held, strict=True) if is_held),
    )


def _only_in(some: Sequence[Example], others: Sequence[Example]) -> frozenset[str]:
    """Return the labels that occur in `some` and not in `others`."""
    return frozenset().union(*(eg.labels for eg in some)) - frozenset().union(*(eg.labels for eg in others))


def scorer(
    nlp: Language,
    name: str,
    dev: Sequence[Example],
    old: Iterable[Example],
    labels: frozenset[str],
    outputs: FrozenOutputs | None = None,
) -> Callable[[], float | None]:
    """Return a function that gives the component's present micro F1, from 0 to 1; None without a dev part.

    Everything found in the `old` texts except their own spans counts as wrong.
    """
    new, examples = tuple(dev), (*dev, *old)

    def score() -> float | None:
        if not new:
            return None
        found = component_entities(nlp, name, [example.text for example in examples], outputs)
        rows = (
            count(example.spans, spans, example.in_scope(labels))
            for example, spans in zip(examples, found, strict=True)
        )
        return micro(total(rows)).f1

    return score
