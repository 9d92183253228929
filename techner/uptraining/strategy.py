"""The strategies, and the one function that runs them."""

from collections.abc import Callable
from pathlib import Path

from thinc.api import fix_random_seed

from techner.core.policy import SchemePolicy, TrainingPolicy
from techner.uptraining.checkpoint import Checkpoints
from techner.uptraining.pipeline import load_pipeline, taught_labels, use_device
from techner.uptraining.step import Step
from techner.uptraining.task import Strategy, Task, TrainingCorpus, Uptrained


def _extend() -> Strategy:
    from techner.uptraining.extend import extend

    return extend


def _blend() -> Strategy:
    from techner.uptraining.blend import blend

    return blend


STRATEGIES: dict[str, Callable[[], Strategy]] = {"blend": _blend, "extend": _extend}


def make_candidate(  # noqa: PLR0913 - one keyword for each input of a training
    folder: Path,
    corpus: TrainingCorpus,
    policy: TrainingPolicy,
    out: Path,
    *,
    origin: Path | None = None,
    scheme: SchemePolicy | None = None,
    gpu: int | None = None,
    checkpoints: Checkpoints | None = None,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Uptrained:
    """Uptrain the pipeline in `folder` and save the candidate to `out`.

    Without `origin`, `folder` is the origin itself; with it, a model that earlier nights made from it: for
    extend by extend alone, for blend by either strategy. `gpu` is a device number, None the CPU; `on_step` is
    called after every update. With `checkpoints`, a training that was cut off goes on. The same inputs,
    policy and seed give the same bytes on one machine.

    Raises ModelError for a pipeline that cannot be uptrained, SettingsError for a GPU that cannot be used.
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
        checkpoints=checkpoints,
    )
    ends = []
    for step in STRATEGIES[policy.strategy]()(task):
        on_step(step)
        if step.ends_epoch:
            ends.append(step)
    made = load_pipeline(out)
    return Uptrained(
        new_labels=taught_labels(made, load_pipeline(task.origin, beside=made)),
        losses=tuple(round(step.loss, 6) for step in ends),
        dev_f1=tuple(round(step.dev_f1, 4) for step in ends if step.dev_f1 is not None),
    )
