"""The project's own small corpus, and the small general pipeline trained on it."""

from techner.starter.corpus import corpus_examples, slot_examples
from techner.starter.train import train_starter

__all__ = ["corpus_examples", "slot_examples", "train_starter"]
