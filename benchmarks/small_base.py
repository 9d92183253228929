"""A base model that is trained in seconds, for benchmarks in which it does not matter what it finds."""

from pathlib import Path

import spacy
from thinc.api import fix_random_seed

from techner.core.policy import TrainingPolicy
from techner.starter import slot_examples
from techner.uptraining import loop
from techner.uptraining.gold import gold


def small_base(folder: Path, *, language: str = "en") -> Path:
    """Train a base model that knows a little of the general labels, and save it into `folder`."""
    nlp = spacy.blank(language)
    nlp.add_pipe("ner")
    examples = slot_examples("general", 60, seed=1)
    egs = gold(nlp, examples, frozenset(span.label for example in examples for span in example.spans))
    fix_random_seed(0)
    nlp.initialize(lambda: egs)
    for _ in loop.train(nlp, "ner", loop.Material(new=egs), TrainingPolicy(epochs=2, batch_words=100)):
        pass
    nlp.to_disk(folder)
    return folder
