"""Word dropout: some words of the training texts are made unknown, so that unseen names are found."""

import random
from collections.abc import Sequence

from spacy.training import Example as SpacyExample

# A pool, not a new name each time: every one of them stays in the string store of the training process.
UNKNOWN = tuple(f"\0{number}" for number in range(5000))


class Words:
    """The words of the training examples, of which a `share` is hidden in each epoch.

    A hidden word has a random name in place of its own norm; prefix, suffix, shape and context stay, and the
    model learns to rely on them (word dropout: Iyyer et al. 2015, Kiperwasser & Goldberg 2016). What does
    not use the norm (a transformer) is not affected.
    """

    def __init__(self, egs: Sequence[SpacyExample], share: float, chance: random.Random) -> None:
        self.egs = egs
        self.share = share
        self.chance = chance
        self.norms = [[token.norm_ for token in eg.predicted] for eg in egs] if share else []

    def hide(self) -> None:
        """Restore the norm of every word, then hide another random share."""
        for eg, norms in zip(self.egs, self.norms, strict=False):
            for token, norm in zip(eg.predicted, norms, strict=True):
                is_hidden = self.chance.random() < self.share
                token.norm_ = self.chance.choice(UNKNOWN) if is_hidden else norm
