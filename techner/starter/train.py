"""`starter`: a small general pipeline, so that a first try needs no download."""

from collections.abc import Callable
from pathlib import Path

import spacy
from thinc.api import fix_random_seed

from techner.core.policy import TrainingPolicy
from techner.corpus.reference import split_reference
from techner.starter.corpus import corpus_examples, slot_examples
from techner.uptraining import Step
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train

SLOT_SENTENCES = 1500
_POLICY = TrainingPolicy(epochs=7, dropout=0.2, word_dropout=0.0)


def train_starter(out: Path, *, on_step: Callable[[Step], None] = lambda step: None) -> None:
    """Train on the rehearsal part of the general corpus, and save to `out`; the scoring part stays unseen."""
    examples = (
        *split_reference(corpus_examples("general")).rehearsal,
        *slot_examples("general", SLOT_SENTENCES, seed=0),
    )
    fix_random_seed(_POLICY.seed)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    labels = frozenset(span.label for example in examples for span in example.spans)
    egs = gold(nlp, examples, labels)
    nlp.initialize(lambda: egs)
    for step in train(nlp, "ner", Material(new=egs), _POLICY):
        on_step(step)
    nlp.meta.update(name="techner_starter", description="General entities, from techner's own small corpus")
    nlp.to_disk(out)
