"""The loop: how often examples are passed over, what is rehearsed, and which epoch's weights are kept."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from spacy.language import Language
from thinc.api import fix_random_seed

from techner.core.policy import TrainingPolicy
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, epochs, train
from techner.uptraining.pipeline import load_pipeline, ner, pretrained_labels
from techner.uptraining.replay import Replay
from techner.uptraining.step import Step
from tests.world import tech_batch


@pytest.fixture
def nlp(base_model: Path) -> Language:
    return load_pipeline(base_model)


def material(nlp: Language, scores: Iterator[float | None]) -> Material:
    new = gold(nlp, tech_batch(0, 20), frozenset(pretrained_labels(nlp)))
    return Material(new=new, dev_f1=lambda: next(scores))


def ends(nlp: Language, scores: list[float | None], policy: TrainingPolicy) -> list[Step]:
    fix_random_seed(0)
    return [step for step in train(nlp, "ner", material(nlp, iter(scores)), policy) if step.ends_epoch]


def weights(nlp: Language) -> bytes:
    return bytes(ner(nlp, "ner").model.get_ref("upper").get_param("W").tobytes())


def shuffler() -> random.Random:
    return random.Random(0)  # noqa: S311 - reproducible on purpose


@pytest.mark.parametrize(("new", "passes"), [(1, 20), (800, 20), (1600, 10), (4000, 4), (100_000, 4)])
def test_the_fewer_new_examples_the_more_often_they_are_passed_over(new: int, passes: int) -> None:
    assert epochs(new, TrainingPolicy(presentations=16_000, least_epochs=4, most_epochs=20)) == passes


def test_a_set_number_of_epochs_holds_whatever_the_size() -> None:
    assert epochs(10, TrainingPolicy(epochs=3)) == 3


def test_no_rehearsal_text_comes_again_before_all_have_come(nlp: Language) -> None:
    replay = Replay(gold(nlp, tech_batch(0, 10), frozenset()), 4, shuffler())
    dealt = [*replay.deal(), *replay.deal(), *replay.deal()]
    assert len({id(eg) for eg in dealt}) == 10
    assert len({id(eg) for eg in dealt[8:]}) == 4


def test_a_pool_smaller_than_an_epoch_needs_is_dealt_whole(nlp: Language) -> None:
    replay = Replay(gold(nlp, tech_batch(0, 2), frozenset()), 4, shuffler())
    assert [len(replay.deal()), len(replay.deal())] == [2, 2]


def test_what_is_hard_is_dealt_each_time_as_far_as_it_is_half(nlp: Language) -> None:
    egs = gold(nlp, tech_batch(0, 40), frozenset())
    replay = Replay(egs, 8, shuffler())
    replay.focus(egs[:2])
    dealt = [replay.deal() for _ in range(3)]
    assert [len(one) for one in dealt] == [8, 8, 8]
    assert all(any(eg is hard for eg in one) for one in dealt for hard in egs[:2])
    replay.focus(egs[:20])
    hard = {id(eg) for eg in egs[:20]}
    assert sum(id(eg) in hard for eg in replay.deal()) >= 4
    assert len(replay.deal()) == 8


def test_the_component_is_asked_what_is_hard_while_it_trains(nlp: Language) -> None:
    egs, asked = gold(nlp, tech_batch(0, 40), frozenset()), list[int]()

    def hard() -> tuple[()]:
        asked.append(1)
        return ()

    material = Material(new=egs[:20], rehearsal=egs[20:], rehearsal_ratio=0.5, hard=hard)
    list(train(nlp, "ner", material, TrainingPolicy(epochs=8)))
    assert len(asked) == 3


def test_rehearsal_is_proportional_to_the_new_examples(nlp: Language) -> None:
    egs = gold(nlp, tech_batch(0, 50), frozenset())
    material = Material(new=egs[:20], rehearsal=egs[20:], rehearsal_ratio=0.5)
    *_, last = train(nlp, "ner", material, TrainingPolicy(epochs=2))
    assert last.done == last.total == 2 * (20 + 10)


def test_training_stops_when_no_epoch_is_better_for_a_while(nlp: Language) -> None:
    found = ends(nlp, [0.1, 0.5, 0.4, 0.5, 0.9], TrainingPolicy(epochs=5, patience=2))
    assert [step.dev_f1 for step in found] == [0.1, 0.5, 0.4, 0.5]


def test_the_weights_of_the_best_epoch_are_kept(base_model: Path) -> None:
    best, last = load_pipeline(base_model), load_pipeline(base_model)
    ends(best, [0.9, 0.1, 0.1], TrainingPolicy(epochs=3))
    ends(last, [0.1, 0.2, 0.3], TrainingPolicy(epochs=3))
    assert weights(best) != weights(last)
    stopped = load_pipeline(base_model)
    ends(stopped, [0.9, 0.1], TrainingPolicy(epochs=3, patience=1))
    assert weights(best) == weights(stopped)


def test_without_a_dev_part_the_last_epoch_is_kept(base_model: Path) -> None:
    blind, last = load_pipeline(base_model), load_pipeline(base_model)
    ends(blind, [None] * 3, TrainingPolicy(epochs=3, patience=1))
    ends(last, [0.1, 0.2, 0.3], TrainingPolicy(epochs=3))
    assert weights(blind) == weights(last)


def test_the_dev_part_is_scored_with_the_averaged_weights(nlp: Language) -> None:
    seen: list[bytes] = []

    def score() -> float:
        seen.append(weights(nlp))
        return 0.5

    new = gold(nlp, tech_batch(0, 20), frozenset(pretrained_labels(nlp)))
    list(train(nlp, "ner", Material(new=new, dev_f1=score), TrainingPolicy(epochs=1)))
    assert seen[-1] == weights(nlp)
