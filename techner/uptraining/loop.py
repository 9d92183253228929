"""The training loop: a generator of steps, so that the caller owns logging and progress."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from spacy.language import Language
from spacy.training import Example as SpacyExample
from spacy.training.batchers import minibatch_by_words
from thinc.api import Adam, Model, Optimizer

from techner.core.policy import TrainingPolicy
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.pipeline import ner
from techner.uptraining.word_dropout import Words

WARM_UP = 0.06  # share of the training in which the learning rate rises
LAST_RATE = 0.02  # share of the learning rate at which the decay ends
Weights = dict[tuple[int, str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One update: `done` of `total` examples of all epochs, and the epoch's mean `loss` per word so far."""

    epoch: int
    epochs: int
    done: int
    total: int
    loss: float
    dev_f1: float | None = None
    """F1 on the dev part at the end of an epoch; None if there is no dev part."""
    ends_epoch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is trained on: in every epoch all of `new`, and another part of `rehearsal`."""

    new: Sequence[SpacyExample]
    rehearsal: Sequence[SpacyExample] = field(default=())
    rehearsal_ratio: float = 0.0
    """Rehearsal texts per new example in each epoch."""
    dev_f1: Callable[[], float | None] = lambda: None
    """Scores the component as it is now; None if there is too little to tell epochs apart."""
    hard: Callable[[], Sequence[SpacyExample]] = tuple
    """Finds the rehearsal examples that the component gets wrong as it is now."""
    outputs: FrozenOutputs | None = None
    """What the component listens to; None if it has a tok2vec of its own."""


def epochs(new: int, policy: TrainingPolicy) -> int:
    """Return the number of passes over the new examples: the fewer examples, the more passes."""
    if policy.epochs:
        return policy.epochs
    return min(max(ceil(policy.presentations / max(new, 1)), policy.least_epochs), policy.most_epochs)


def train(nlp: Language, name: str, material: Material, policy: TrainingPolicy) -> Iterator[Step]:
    """Train the component `name` alone and yield each step; it ends with the averaged weights.

    The learning rate rises, then falls linearly. The weights are averaged over the updates (Polyak & Juditsky
    1992); those of the epoch that was best on the dev part are kept, and training stops after `patience`
    epochs without a better one.
    """
    shuffler = random.Random(policy.seed)  # noqa: S311 - reproducible on purpose
    sgd = Adam(policy.learning_rate, L2=0.01, grad_clip=1.0, use_averages=True)
    model, outputs = ner(nlp, name).model, material.outputs or FrozenOutputs(nlp, None)
    count = epochs(len(material.new), policy)
    replay = Replay(material.rehearsal, ceil(material.rehearsal_ratio * len(material.new)), shuffler)
    total = (len(material.new) + replay.size) * count
    words_of = Words([*material.new, *material.rehearsal], policy.word_dropout, shuffler)
    best, done = Best(), 0
    with nlp.select_pipes(enable=[name]):
        for epoch in range(1, count + 1):
            order = [*material.new, *replay.deal()]
            shuffler.shuffle(order)
            words_of.hide()
            loss, words = 0.0, 0
            for batch in minibatch_by_words(order, policy.batch_words, tolerance=0, get_length=_words):
                if words:
                    yield Step(epoch=epoch, epochs=count, done=done, total=total, loss=loss / words)
                sgd.learn_rate = policy.learning_rate * _rate(done / total)
                with outputs.on([eg.predicted for eg in batch]):
                    loss += nlp.update(batch, drop=policy.dropout, sgd=sgd, losses={})[name]
                words += max(sum(map(_words, batch)), 1)
                done += len(batch)
            averaged = _averages(model, sgd)
            with model.use_params(averaged):
                dev_f1 = material.dev_f1()
                if replay.size > 1 and epoch in (count // 4, count // 2, 3 * count // 4):
                    replay.focus(material.hard())
            best = best.or_else(Best(epoch=epoch, f1=dev_f1, weights=averaged))
            last = Step(epoch=epoch, epochs=count, done=done, total=total, loss=loss / max(words, 1))
            yield replace(last, dev_f1=dev_f1, ends_epoch=True)
            if epoch - best.epoch >= policy.patience:
                break
    _settle(model, best.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The weights of the best epoch so far; without a dev part, those of the last epoch."""

    epoch: int = 0
    f1: float | None = None
    weights: Weights = field(default_factory=dict)

    def or_else(self, other: "Best") -> "Best":
        is_better = self.f1 is None or other.f1 is None or other.f1 > self.f1
        return other if is_better else self


class Replay:
    """Deals out the rehearsal examples, `size` at a time, all of them before any comes again.

    What is hard comes each time in addition, as far as it is half of `size`.
    """

    def __init__(self, pool: Sequence[SpacyExample], size: int, shuffler: random.Random) -> None:
        self.pool = list(pool)
        self.size = min(size, len(self.pool))
        self.shuffler = shuffler
        self.left: list[SpacyExample] = []
        self.hard: list[SpacyExample] = []

    def focus(self, hard: Sequence[SpacyExample]) -> None:
        """Deal these each time from now on, as far as they are half of it at most."""
        self.hard = list(hard)

    def deal(self) -> list[SpacyExample]:
        self.shuffler.shuffle(self.hard)
        hard = self.hard[: self.size // 2]
        return [*hard, *self._others(self.size - len(hard))]

    def _others(self, size: int) -> list[SpacyExample]:
        dealt, self.left = self.left[:size], self.left[size:]
        if len(dealt) < size:
            again = list(self.pool)
            self.shuffler.shuffle(again)
            needed = size - len(dealt)
            known = {id(eg) for eg in dealt}
            again.sort(key=lambda eg: id(eg) in known)  # stable: those just dealt come last
            dealt, self.left = dealt + again[:needed], again[needed:]
        return dealt


def _words(eg: SpacyExample) -> int:
    return len(eg.reference)


def _rate(share: float) -> float:
    """Return the factor of the learning rate when this share of the training is done.

    Not thinc's `warmup_linear`: it counts updates, whose number is not known in advance, and ends at 0.
    """
    if share < WARM_UP:
        return max(share / WARM_UP, LAST_RATE)
    return max(1 - (share - WARM_UP) / (1 - WARM_UP), LAST_RATE)


def _averages(model: Model[Any, Any], sgd: Optimizer) -> Weights:
    """Copy the averaged weights of the model's own layers."""
    averages = sgd.averages or {}
    keys = [(node.id, name) for node in model.walk() for name in node.param_names]
    return {key: averages[key].copy() for key in keys if key in averages}


def _settle(model: Model[Any, Any], weights: Weights) -> None:
    for node in model.walk():
        for name in node.param_names:
            if (node.id, name) in weights:
                node.set_param(name, weights[node.id, name])
