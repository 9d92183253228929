"""The interface of a strategy, and the ones there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from thinc.api import fix_random_seed

from techner.core.errors import SettingsError
from techner.core.examples import Example
from techner.core.policy import TrainingPolicy
from techner.uptraining.loop import Step
from techner.uptraining.pipeline import load_pipeline, new_labels


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCorpus:
    """`train` is annotated for the new labels; `rehearsal` is text of the old domain."""

    train: tuple[Example, ...]
    rehearsal: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptrained:
    """What came out beside the folder of the candidate."""

    new_labels: tuple[str, ...]
    losses: tuple[float, ...]


Strategy = Callable[[Path, TrainingCorpus, TrainingPolicy, Path], Iterator[Step]]


def _extend() -> Strategy:
    from techner.uptraining.extend import extend

    return extend


STRATEGIES: dict[str, Callable[[], Strategy]] = {"extend": _extend}


def uptrain(
    folder: Path,
    corpus: TrainingCorpus,
    policy: TrainingPolicy,
    out: Path,
    *,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Uptrained:
    """Uptrain the pipeline in `folder` and save the candidate to `out`.

    The same inputs, policy and seed give the same bytes on one machine. Raises SettingsError for an unknown
    strategy and ModelError for a pipeline that cannot be uptrained.
    """
    if policy.strategy not in STRATEGIES:
        raise SettingsError(f"strategy {policy.strategy!r} is not one of {', '.join(sorted(STRATEGIES))}")
    fix_random_seed(policy.seed)
    losses = []
    for step in STRATEGIES[policy.strategy]()(folder, corpus, policy, out):
        on_step(step)
        if step.ends_epoch:
            losses.append(round(step.loss, 6))
    return Uptrained(new_labels=new_labels(load_pipeline(out)), losses=tuple(losses))
