"""Checkpoints in memory."""

from collections.abc import Callable


class Kept:
    """Keeps every checkpoint in memory, and goes on from one of them."""

    def __init__(self, begin_with: bytes | None = None) -> None:
        self.begin_with, self.states = begin_with, list[bytes]()

    def latest(self) -> bytes | None:
        return self.begin_with

    def offer(self, state: Callable[[], bytes]) -> None:
        self.states.append(state())
