"""From production to a candidate: strategies behind one interface."""

from techner.uptraining.step import Step
from techner.uptraining.strategy import STRATEGIES, make_candidate
from techner.uptraining.task import TrainingCorpus, Uptrained

__all__ = ["STRATEGIES", "Step", "TrainingCorpus", "Uptrained", "make_candidate"]
