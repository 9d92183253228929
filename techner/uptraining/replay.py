"""Which rehearsal examples come in which epoch."""

import random
from collections.abc import Sequence

from spacy.training import Example as SpacyExample


class Replay:
    """Deals out the rehearsal examples, `size` at a time, all of them before any comes again.

    What is hard comes each time in addition, as far as it is half of `size`.
    """

    def __init__(self, pool: Sequence[SpacyExample], size: int, shuffler: random.Random) -> None:
        self.pool = list(pool)
        self.size = min(size, len(self.pool))
        self.shuffler = shuffler
        self.left: list[SpacyExample] = []
        self.hard: list[SpacyExample] = []

    def focus(self, hard: Sequence[SpacyExample]) -> None:
        """Deal these each time from now on, as far as they are half of it at most."""
        self.hard = list(hard)

    def deal(self) -> list[SpacyExample]:
        self.shuffler.shuffle(self.hard)
        hard = self.hard[: self.size // 2]
        return [*hard, *self._others(self.size - len(hard))]

    def _others(self, size: int) -> list[SpacyExample]:
        dealt, self.left = self.left[:size], self.left[size:]
        if len(dealt) < size:
            again = list(self.pool)
            self.shuffler.shuffle(again)
            needed = size - len(dealt)
            known = {id(eg) for eg in dealt}
            again.sort(key=lambda eg: id(eg) in known)  # stable: those just dealt come last
            dealt, self.left = dealt + again[:needed], again[needed:]
        return dealt
