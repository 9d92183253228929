"""A training that goes on from a checkpoint ends with the bytes of one that was never interrupted."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import fix_random_seed

from techner.core.policy import TrainingPolicy
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train
from techner.uptraining.pipeline import load_pipeline, ner, pretrained_labels
from techner.uptraining.step import Step
from tests.checkpoints import Kept
from tests.world import tech_batch

POLICY = TrainingPolicy(epochs=4, batch_words=150, patience=3, word_dropout=0.3)


def ends_and_weights(base: Path, kept: Kept, *, scores: Sequence[float | None]) -> tuple[list[Step], bytes]:
    """Train, with hard texts after epochs 1, 2 and 3; `scores` are the dev part's, of all epochs."""
    fix_random_seed(0)
    nlp = load_pipeline(base)
    egs = gold(nlp, tech_batch(0, 40), frozenset(pretrained_labels(nlp)))
    rehearsal = egs[20:]
    # The end of each epoch is counted by what was told before: a training that goes on skips scores.
    ends: list[Step] = []
    material = Material(
        new=egs[:20],
        rehearsal=rehearsal,
        rehearsal_ratio=0.6,
        dev_f1=lambda: scores[len(ends)],
        hard=lambda: rehearsal[len(ends) : len(ends) + 4],
    )
    for step in train(nlp, "ner", material, POLICY, kept):
        if step.ends_epoch:
            ends.append(step)  # noqa: PERF401 - the scores count them meanwhile
    return ends, weights(nlp)


def weights(nlp: Language) -> bytes:
    nodes = ner(nlp, "ner").model.walk()
    return b"".join(
        node.get_param(name).tobytes() for node in nodes for name in node.param_names if node.has_param(name)
    )


@pytest.mark.parametrize("scores", [(0.1, 0.5, 0.4, 0.3), (None,) * 4], ids=["best", "last"])
def test_a_training_goes_on_to_the_same_bytes(scores: Sequence[float | None], base_model: Path) -> None:
    undisturbed = Kept()
    expected = ends_and_weights(base_model, undisturbed, scores=scores)
    assert len(undisturbed.states) == 3  # after the last epoch there is nothing to go on with
    for state in undisturbed.states[::2]:
        random.seed(99)
        np.random.seed(99)  # noqa: NPY002 - the one that thinc uses
        again = Kept(state)
        assert ends_and_weights(base_model, again, scores=scores) == expected
        later = undisturbed.states[undisturbed.states.index(state) + 1 :]
        assert again.states == later  # optimizer, random numbers and all


class Padding:
    """Stands in for a tok2vec whose output for a text depends on what it is read with."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def pipe(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        together = list(docs)
        self.batches.append([doc.text for doc in together])
        for doc in together:
            doc.tensor = np.zeros((len(doc), max(map(len, together))), dtype=np.float32)
            yield doc


@pytest.fixture
def read() -> Callable[..., None]:
    make_doc = spacy.blank("xx").make_doc

    def read(outputs: FrozenOutputs, *texts: str) -> None:
        with outputs.on([make_doc(text) for text in texts]):
            pass

    return read


def test_texts_are_read_again_in_the_batches_in_which_they_were_read_first(
    read: Callable[..., None],
) -> None:
    nlp, first, second = spacy.blank("xx"), Padding(), Padding()
    one, other = FrozenOutputs(nlp, None), FrozenOutputs(nlp, None)
    one.component, other.component = first, second
    for texts in (("a b", "c"), ("c", "d e f"), ("a b", "c")):
        read(one, *texts)
    read(other, "a b", "c")  # what is done before a training goes on is done again anyway
    other.read_again(one.reads, nlp.make_doc)
    assert second.batches[:2] == first.batches[:2] == [["a b", "c"], ["d e f"]]
    assert {text: found.shape for text, found in other.kept.items()} == {
        text: found.shape for text, found in one.kept.items()
    }
