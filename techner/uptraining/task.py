"""The input and output of a strategy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from techner.core.examples import Example
from techner.core.policy import SchemePolicy, TrainingPolicy
from techner.uptraining.checkpoint import Checkpoints
from techner.uptraining.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCorpus:
    """`train` is annotated, each example for the labels of its scope; `rehearsal` is text of the old domain.

    A scope of None means all new labels and no pretrained one.
    """

    train: tuple[Example, ...]
    rehearsal: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a strategy works on."""

    folder: Path
    """The pipeline in production, to train further or to use as a teacher."""
    origin: Path
    """The pretrained pipeline: the teacher of the pretrained labels."""
    corpus: TrainingCorpus
    policy: TrainingPolicy
    scheme: SchemePolicy
    out: Path
    checkpoints: Checkpoints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptrained:
    """What a strategy reports beside the folder of the candidate."""

    new_labels: tuple[str, ...]
    losses: tuple[float, ...]
    """Mean loss per word, one per epoch."""
    dev_f1: tuple[float, ...] = field(default=())
    """F1 on the dev part, from 0 to 1, one per epoch; empty if there was too little for a dev part."""


Strategy = Callable[[Task], Iterator[Step]]


def rehearsal_ratio(policy: TrainingPolicy, default: float) -> float:
    """Return the policy's ratio, or the strategy's `default` if the policy leaves it open."""
    return default if policy.rehearsal_ratio is None else policy.rehearsal_ratio
