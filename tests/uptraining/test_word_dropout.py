"""Words that are hidden while a model learns: which, for how long, and what stays to go by."""

import random

import pytest
import spacy
from spacy.training import Example as SpacyExample

from techner.uptraining.gold import gold
from techner.uptraining.word_dropout import Words
from tests.world import tech_batch


@pytest.fixture
def egs() -> list[SpacyExample]:
    return gold(spacy.blank("en"), tech_batch(0, 40), frozenset())


def norms(egs: list[SpacyExample]) -> list[str]:
    return [token.norm_ for eg in egs for token in eg.predicted]


def words(egs: list[SpacyExample], share: float) -> Words:
    return Words(egs, share, random.Random(0))  # noqa: S311 - reproducible on purpose


def test_about_the_given_share_of_the_words_is_hidden(egs: list[SpacyExample]) -> None:
    known = norms(egs)
    words(egs, 0.25).hide()
    hidden = sum(now != before for now, before in zip(norms(egs), known, strict=True))
    assert 0.2 < hidden / len(known) < 0.3


def test_the_next_epoch_hides_other_words_and_gives_these_back(egs: list[SpacyExample]) -> None:
    known, chosen = norms(egs), words(egs, 0.25)
    hidden = []
    for _ in range(2):
        chosen.hide()
        hidden.append({at for at, norm in enumerate(norms(egs)) if norm != known[at]})
    assert hidden[0] - hidden[1]
    assert hidden[1] - hidden[0]


def test_the_shape_of_a_hidden_word_stays_to_go_by(egs: list[SpacyExample]) -> None:
    def rest() -> list[tuple[str, str, str]]:
        return [(token.prefix_, token.suffix_, token.shape_) for eg in egs for token in eg.predicted]

    before = rest()
    words(egs, 1.0).hide()
    assert rest() == before


def test_without_a_share_nothing_is_hidden(egs: list[SpacyExample]) -> None:
    known = norms(egs)
    words(egs, 0.0).hide()
    assert norms(egs) == known


def test_what_is_scored_and_what_is_taught_are_never_hidden(egs: list[SpacyExample]) -> None:
    """Only the predicted side is looked at in an update; the reference keeps its words."""
    known = [token.norm_ for eg in egs for token in eg.reference]
    words(egs, 1.0).hide()
    assert [token.norm_ for eg in egs for token in eg.reference] == known
