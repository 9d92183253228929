"""What a strategy works on, and what comes out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from techner.core.examples import Example
from techner.core.policy import SchemePolicy, TrainingPolicy
from techner.uptraining.loop import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCorpus:
    """`train` is annotated, each example within its scope; `rehearsal` is text of the old domain.

    A scope of None stands for all new labels, and for none of the pretrained ones.
    """

    train: tuple[Example, ...]
    rehearsal: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a strategy works on."""

    folder: Path
    """The pipeline in production: to go on from, or a teacher of what it knows."""
    origin: Path
    """The pretrained pipeline: the teacher of the pretrained labels."""
    corpus: TrainingCorpus
    policy: TrainingPolicy
    scheme: SchemePolicy
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptrained:
    """What came out beside the folder of the candidate."""

    new_labels: tuple[str, ...]
    losses: tuple[float, ...]
    """Mean loss a word, epoch by epoch."""
    dev_f1: tuple[float, ...] = field(default=())
    """F1 on the dev part, epoch by epoch; empty where there was too little for one."""


Strategy = Callable[[Task], Iterator[Step]]


def rehearsal_ratio(policy: TrainingPolicy, default: float) -> float:
    """Return the policy's ratio, or the strategy's own where it leaves that open."""
    return default if policy.rehearsal_ratio is None else policy.rehearsal_ratio
