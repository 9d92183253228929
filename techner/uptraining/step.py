"""What training yields."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One update: `done` of `total` examples of all epochs, and the epoch's mean `loss` per word so far."""

    epoch: int
    epochs: int
    done: int
    total: int
    loss: float
    dev_f1: float | None = None
    """F1 on the dev part at the end of an epoch; None if there is no dev part."""
    ends_epoch: bool = False
