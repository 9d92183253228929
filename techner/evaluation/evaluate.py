"""Run every system over the frozen sets, in one pass each."""

from collections.abc import Callable, Iterable, Mapping

from techner.core.examples import Example, Span
from techner.core.night import Evaluation, SetEvaluation
from techner.core.scores import count

Predict = Callable[[list[str]], list[tuple[Span, ...]]]


def evaluate(
    systems: Mapping[str, Predict],
    *,
    regression: Iterable[Example],
    pretrained: frozenset[str],
    holdout: Iterable[Example],
    new: frozenset[str],
    production_labels: tuple[str, ...],
) -> Evaluation:
    """Count right and wrong spans of each system, text by text: pretrained labels there, new labels here."""
    regression, holdout = tuple(regression), tuple(holdout)
    return Evaluation(
        regression=_score(systems, regression, pretrained),
        holdout=_score(systems, holdout, new),
        production_labels=production_labels,
    )


def _score(
    systems: Mapping[str, Predict], examples: tuple[Example, ...], labels: frozenset[str]
) -> SetEvaluation:
    texts = [example.text for example in examples]
    return SetEvaluation(
        labels=tuple(sorted(labels)),
        systems={
            name: tuple(
                {
                    label: (counts.tp, counts.fp, counts.fn)
                    for label, counts in count(example.spans, predicted, labels).items()
                }
                for example, predicted in zip(examples, predict(texts), strict=True)
            )
            for name, predict in systems.items()
        },
    )
