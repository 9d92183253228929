"""The weights of a training: averaged over its updates, and those of its best epoch."""

from dataclasses import dataclass, field
from typing import Any

from thinc.api import Model, Optimizer

Weights = dict[tuple[int, str], Any]
"""By the layer's number in this process, and the parameter's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The weights of the best epoch so far; without a dev part, those of the last epoch."""

    epoch: int = 0
    f1: float | None = None
    weights: Weights = field(default_factory=dict)

    def or_else(self, other: "Best") -> "Best":
        is_better = self.f1 is None or other.f1 is None or other.f1 > self.f1
        return other if is_better else self


def averages_of(model: Model[Any, Any], sgd: Optimizer) -> Weights:
    """Copy the averaged weights of the model's own layers."""
    averages = sgd.averages or {}
    keys = [(node.id, name) for node in model.walk() for name in node.param_names]
    return {key: averages[key].copy() for key in keys if key in averages}


def settle(model: Model[Any, Any], weights: Weights) -> None:
    for node in model.walk():
        for name in node.param_names:
            if (node.id, name) in weights:
                node.set_param(name, weights[node.id, name])
