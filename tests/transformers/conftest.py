"""A base model on a tiny BERT, and what `extend` makes of it; each is made once a test run."""

from pathlib import Path

import pytest

from techner.core.policy import TrainingPolicy
from techner.starter import slot_examples
from techner.uptraining import TrainingCorpus, make_candidate
from tests.transformers.bert import train_base
from tests.world import once, tech_batch

CORPUS = TrainingCorpus(train=tech_batch(0, 120), rehearsal=slot_examples("general", 400, seed=3))
# Everything that is found may cover old entities, so that the offset goes up.
POLICY = TrainingPolicy(epochs=3, batch_words=100, learning_rate=0.004, most_covered=1.0)


@pytest.fixture(scope="session")
def bert_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline whose `ner` listens to its transformer."""

    def make(root: Path) -> None:
        root.mkdir()
        train_base(root / "model", root / "weights")

    return once(tmp_path_factory, "bert", make) / "model"


@pytest.fixture(scope="session")
def extended(bert_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "extended", lambda out: make_candidate(bert_base, CORPUS, POLICY, out))
