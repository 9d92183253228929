"""The law of replay: what it says of amounts that no night tried, and when it says nothing."""

import random
from itertools import product

import pytest

from techner.core.manifest import FileEntry
from techner.core.policy import GatePolicy
from techner.core.run_documents import Corpus
from techner.evaluation.replay import Amounts, Law, ReplayedNight, Score, Source, fit, replayed_night, varied
from tests.evaluation.making import evaluation, rows
from tests.nights import corpus_of

TEXTS, MEMORY = Source.REHEARSAL, Source.MEMORY
EXACT = 1e-9


def night(texts: int, memory: int, loss: float, *, error: float = EXACT) -> ReplayedNight:
    return ReplayedNight(
        amounts={TEXTS: texts, MEMORY: memory}, new=100, old_loss=Score(value=loss, error=error), new_f1=None
    )


def law(nights: list[ReplayedNight]) -> Law:
    found = fit(nights, lambda one: one.old_loss, confidence=0.95)
    assert found
    return found


def at(texts: int, memory: int) -> Amounts:
    return {TEXTS: texts, MEMORY: memory}


def corpus(texts: int, memory: int) -> Corpus:
    entry = FileEntry(path="", sha256="", size_bytes=0)
    return corpus_of(entry, new=100, replayed=memory, rehearsal=texts)


def test_a_law_says_what_an_amount_does_that_no_night_tried() -> None:
    nights = [night(2**power - 1, 10, 0.05 - 0.004 * power) for power in (6, 7, 8, 9)]
    found = law(nights)
    assert found.at(at(2**10 - 1, 10)).value == pytest.approx(0.01)
    assert found.doubling(TEXTS).value == pytest.approx(-0.004)


def test_texts_and_memory_are_told_apart() -> None:
    nights = [night(2**t - 1, 2**m - 1, 0.05 - 0.004 * t + 0.001 * m) for t, m in product((5, 6, 7), (3, 5))]
    found = law(nights)
    assert found.doubling(TEXTS).value == pytest.approx(-0.004)
    assert found.doubling(MEMORY).value == pytest.approx(0.001)


def test_no_memory_at_all_is_an_amount_too() -> None:
    nights = [night(100, memory, 0.01) for memory in (0, 0, 50, 100)]
    assert varied(nights) == (MEMORY,)
    assert law(nights).at(at(100, 0)).value == pytest.approx(0.01)


@pytest.mark.parametrize(
    "nights",
    [
        pytest.param([], id="no night"),
        pytest.param([night(100, 10, 0.01)] * 9, id="alike"),
        pytest.param([night(100, 10, 0.01), night(199, 10, 0.02)] * 5, id="less than twice as much"),
        pytest.param([night(100, 10, 0.01), night(300, 10, 0.02), night(200, 10, 0.02)], id="too few"),
        pytest.param([night(2**n - 1, 2**n - 1, 0.01) for n in range(9)], id="changed together"),
    ],
)
def test_nights_that_cannot_tell_give_no_law(nights: list[ReplayedNight]) -> None:
    assert fit(nights, lambda one: one.old_loss, confidence=0.95) is None


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    """Six nights a law, scattered by half a point, and a set whose own error all nights share."""
    chance, held = random.Random(1), 0  # noqa: S311 - reproducible on purpose
    for _ in range(400):
        shared = chance.gauss(0, 0.003)
        nights = [
            night(2**power - 1, 0, 0.05 - 0.004 * power + shared + chance.gauss(0, 0.005), error=0.003)
            for power in (6, 6, 7, 8, 9, 9)
        ]
        found = law(nights).at(at(2**10 - 1, 0))
        held += found.low <= 0.01 <= found.high
    assert 0.92 < held / 400 < 0.985


def test_a_night_loses_what_the_origin_got_right_and_the_candidate_does_not() -> None:
    found = replayed_night(
        evaluation(origin=rows("PERSON", 90, 10), candidate=rows("PERSON", 80, 20)),
        corpus(500, 40),
        GatePolicy(resamples=200),
    )
    assert found
    assert found.amounts == at(500, 40)
    assert found.old_loss.value == pytest.approx(2 * 90 / 190 - 2 * 80 / 180, abs=1e-3)
    assert found.new_f1
    assert found.new_f1.value == pytest.approx(0.8)


def test_a_set_in_which_nothing_changed_does_not_claim_that_nothing_can() -> None:
    found = replayed_night(evaluation(), corpus(500, 40), GatePolicy(resamples=200))
    assert found
    assert found.old_loss.value == 0.0
    assert found.old_loss.error > 0.0


def test_a_night_without_gold_of_the_old_labels_is_none() -> None:
    assert replayed_night(evaluation(origin=()), corpus(500, 40), GatePolicy(resamples=200)) is None
