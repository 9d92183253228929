"""The interface of a strategy, and the ones there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from thinc.api import fix_random_seed

from techner.core.examples import Example
from techner.core.policy import SchemePolicy, TrainingPolicy
from techner.uptraining.loop import Step
from techner.uptraining.pipeline import load_pipeline, taught_labels, use_device


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


def _extend() -> Strategy:
    from techner.uptraining.extend import extend

    return extend


def _blend() -> Strategy:
    from techner.uptraining.blend import blend

    return blend


STRATEGIES: dict[str, Callable[[], Strategy]] = {"blend": _blend, "extend": _extend}


def uptrain(
    folder: Path,
    corpus: TrainingCorpus,
    policy: TrainingPolicy,
    out: Path,
    *,
    origin: Path | None = None,
    scheme: SchemePolicy | None = None,
    gpu: int | None = None,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Uptrained:
    """Uptrain the pipeline in `folder` and save the candidate to `out`.

    `folder` is the origin itself where none is given, else one that a night made of it: a night of extend for
    extend, of either for blend. The same inputs, policy and seed give the same bytes on one machine. Raises
    ModelError for a pipeline that cannot be uptrained.
    """
    use_device(gpu)
    fix_random_seed(policy.seed)
    task = Task(
        folder=folder,
        origin=origin or folder,
        corpus=corpus,
        policy=policy,
        scheme=scheme or SchemePolicy(),
        out=out,
    )
    ends = []
    for step in STRATEGIES[policy.strategy]()(task):
        on_step(step)
        if step.ends_epoch:
            ends.append(step)
    return Uptrained(
        new_labels=taught_labels(load_pipeline(out), load_pipeline(task.origin)),
        losses=tuple(round(step.loss, 6) for step in ends),
        dev_f1=tuple(round(step.dev_f1, 4) for step in ends if step.dev_f1 is not None),
    )
