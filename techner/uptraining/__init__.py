"""From production to a candidate: strategies behind one interface."""

from techner.uptraining.loop import Step
from techner.uptraining.strategy import STRATEGIES, TrainingCorpus, Uptrained, uptrain

__all__ = ["STRATEGIES", "Step", "TrainingCorpus", "Uptrained", "uptrain"]
