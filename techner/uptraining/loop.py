"""The training loop: a generator of steps, so that the caller owns logging and progress."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spacy.language import Language
from spacy.training import Example as SpacyExample
from thinc.api import Adam

from techner.core.examples import Example
from techner.core.policy import TrainingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One update. `done` of `total` examples of all epochs; `loss` is the epoch's mean a word so far."""

    epoch: int
    epochs: int
    done: int
    total: int
    loss: float

    @property
    def ends_epoch(self) -> bool:
        return self.done * self.epochs == self.total * self.epoch


def gold(nlp: Language, examples: Iterable[Example], labels: frozenset[str]) -> list[SpacyExample]:
    """Make spaCy examples; a token outside every span of `labels` is `O`."""
    golds = []
    for example in examples:
        doc = nlp.make_doc(example.text)
        entities = [(span.start, span.end, span.label) for span in example.spans if span.label in labels]
        golds.append(SpacyExample.from_dict(doc, {"entities": entities}))
    return golds


def train(nlp: Language, name: str, egs: Sequence[SpacyExample], policy: TrainingPolicy) -> Iterator[Step]:
    """Update the component `name` alone, yielding after every minibatch."""
    shuffler = random.Random(policy.seed)  # noqa: S311 - reproducible on purpose
    sgd = Adam(policy.learning_rate, L2=0.01, grad_clip=1.0)
    order = list(egs)
    done = 0
    with nlp.select_pipes(enable=[name]):
        for epoch in range(1, policy.epochs + 1):
            shuffler.shuffle(order)
            loss, words = 0.0, 0
            for batch in _batches(order, policy.batch_words):
                losses = nlp.update(batch, drop=policy.dropout, sgd=sgd, losses={})
                loss += losses[name]
                words += sum(len(eg.reference) for eg in batch)
                done += len(batch)
                yield Step(
                    epoch=epoch,
                    epochs=policy.epochs,
                    done=done,
                    total=len(order) * policy.epochs,
                    loss=loss / max(words, 1),
                )


def _batches(egs: Sequence[SpacyExample], words: int) -> Iterator[list[SpacyExample]]:
    """Part examples into batches of at most `words` words; a longer example is a batch of its own."""
    batch: list[SpacyExample] = []
    size = 0
    for eg in egs:
        if batch and size + len(eg.reference) > words:
            yield batch
            batch, size = [], 0
        batch.append(eg)
        size += len(eg.reference)
    if batch:
        yield batch
