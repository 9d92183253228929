"""Waiting for a condition: no test sleeps for a time, and a limit says what did not come."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

LIMIT_S = 240  # a net for a busy machine, no measure
_POLL_S = 0.05
T = TypeVar("T")


def until(
    condition: Callable[[], T | None],
    what: str,
    *,
    within_s: float = LIMIT_S,
    every_s: float = _POLL_S,
    last_seen: Callable[[], object] = lambda: "nothing",
) -> T:
    """Return what `condition` gives as soon as it is true; fails with `what`, and what was seen instead."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {within_s:g} s for {what}; seen last: {last_seen()}")
        time.sleep(every_s)
    return found
