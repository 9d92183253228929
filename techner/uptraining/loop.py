"""The training loop: a generator of steps, so that the caller owns logging and progress."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

from spacy.language import Language
from spacy.training import Example as SpacyExample
from spacy.training.batchers import minibatch_by_words
from thinc.api import Adam

from techner.core.policy import TrainingPolicy
from techner.uptraining.checkpoint import Checkpoints, Training, pack, restore
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.pipeline import ner
from techner.uptraining.replay import Replay
from techner.uptraining.step import Step
from techner.uptraining.weights import Best, averages_of, settle
from techner.uptraining.word_dropout import Words

WARM_UP = 0.06  # share of the training in which the learning rate rises
LAST_RATE = 0.02  # share of the learning rate at which the decay ends


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


def train(
    nlp: Language,
    name: str,
    material: Material,
    policy: TrainingPolicy,
    checkpoints: Checkpoints | None = None,
) -> Iterator[Step]:
    """Train the component `name` alone and yield each step; it ends with the averaged weights.

    The learning rate rises, then falls linearly. The weights are averaged over the updates (Polyak & Juditsky
    1992); those of the epoch that was best on the dev part are kept, and training stops after `patience`
    epochs without a better one. A training that goes on from a checkpoint yields the ends of its earlier
    epochs again.
    """
    training, count = _begun(nlp, name, material, policy), epochs(len(material.new), policy)
    words_of = Words([*material.new, *material.rehearsal], policy.word_dropout, training.shuffler)
    if checkpoints and (state := checkpoints.latest()) is not None:
        restore(training, state, nlp)
    yield from tuple(training.ends)
    with nlp.select_pipes(enable=[name]):
        for epoch in range(len(training.ends) + 1, count + 1):
            if len(training.ends) - training.best.epoch >= policy.patience:
                break
            order = [*material.new, *training.replay.deal()]
            training.shuffler.shuffle(order)
            words_of.hide()
            yield from _updates(nlp, name, order, training, policy, count=count)
            _measure(training, material)
            if checkpoints and epoch < count:
                checkpoints.offer(partial(pack, training))
            yield training.ends[-1]
    settle(training.model, training.best.weights)


def _begun(nlp: Language, name: str, material: Material, policy: TrainingPolicy) -> Training:
    shuffler = random.Random(policy.seed)  # noqa: S311 - reproducible on purpose
    return Training(
        model=ner(nlp, name).model,
        sgd=Adam(policy.learning_rate, L2=0.01, grad_clip=1.0, use_averages=True),
        shuffler=shuffler,
        replay=Replay(material.rehearsal, ceil(material.rehearsal_ratio * len(material.new)), shuffler),
        outputs=material.outputs or FrozenOutputs(nlp, None),
    )


def _updates(
    nlp: Language,
    name: str,
    order: Sequence[SpacyExample],
    training: Training,
    policy: TrainingPolicy,
    *,
    count: int,
) -> Iterator[Step]:
    """Pass over the examples of the next epoch, of `count`; its last step goes to the training's ends."""
    epoch, done = len(training.ends) + 1, training.ends[-1].done if training.ends else 0
    total, loss, words = len(order) * count, 0.0, 0
    for batch in minibatch_by_words(order, policy.batch_words, tolerance=0, get_length=_words):
        if words:
            yield Step(epoch=epoch, epochs=count, done=done, total=total, loss=loss / words)
        training.sgd.learn_rate = policy.learning_rate * _rate(done / total)
        with training.outputs.on([eg.predicted for eg in batch]):
            loss += nlp.update(batch, drop=policy.dropout, sgd=training.sgd, losses={})[name]
        words += max(sum(map(_words, batch)), 1)
        done += len(batch)
    loss /= max(words, 1)
    training.ends.append(Step(epoch=epoch, epochs=count, done=done, total=total, loss=loss, ends_epoch=True))


def _measure(training: Training, material: Material) -> None:
    """Score the epoch that has just ended; after each quarter of them, look for what is hard."""
    last, replay = training.ends[-1], training.replay
    averaged = averages_of(training.model, training.sgd)
    with training.model.use_params(averaged):
        dev_f1 = material.dev_f1()
        if replay.size > 1 and last.epoch in (last.epochs // 4, last.epochs // 2, 3 * last.epochs // 4):
            replay.focus(material.hard())
    training.ends[-1] = replace(last, dev_f1=dev_f1)
    training.best = training.best.or_else(Best(epoch=last.epoch, f1=dev_f1, weights=averaged))


def _words(eg: SpacyExample) -> int:
    return len(eg.reference)


def _rate(share: float) -> float:
    """Return the factor of the learning rate when this share of the training is done.

    Not thinc's `warmup_linear`: it counts updates, whose number is not known in advance, and ends at 0.
    """
    if share < WARM_UP:
        return max(share / WARM_UP, LAST_RATE)
    return max(1 - (share - WARM_UP) / (1 - WARM_UP), LAST_RATE)
