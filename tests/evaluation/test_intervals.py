"""Bounds that are true as often as they say, also far out in the tail and where little changed."""

import numpy as np
import pytest

from techner.evaluation.bootstrap import Measured
from techner.evaluation.intervals import Strictness, deviations, is_short, score_bounds

GRAIN, MARGIN = 0.6 / 2000, 0.005


def change(lost: int) -> Measured:
    """Return the change of F1 if so many spans are lost, and what resamples of it would show."""
    spread = GRAIN * lost**0.5
    return Measured(observed=-GRAIN * lost, drawn=np.array([-spread, spread]))


@pytest.mark.parametrize("error", [0.025, 0.005, 0.0005])
def test_a_loss_as_large_as_the_margin_passes_no_more_often_than_the_error(error: float) -> None:
    draws = np.random.default_rng(0).poisson(MARGIN / GRAIN, size=40_000)
    lows = {lost: score_bounds(change(lost), GRAIN, deviations(error))[0] for lost in {*draws.tolist()}}
    passed = sum(1 for lost in draws.tolist() if (lows[lost] or 0.0) >= -MARGIN)
    assert passed <= 1.1 * error * draws.size


def test_a_bound_leaves_room_where_nothing_changed_and_less_on_a_larger_set() -> None:
    small, large = (score_bounds(change(0), grain, deviations(0.05)) for grain in (GRAIN, GRAIN / 10))
    assert small == (-0.0008, 0.0008)
    assert large == (-0.0001, 0.0001)


def test_a_share_is_short_of_its_floor_only_beyond_chance() -> None:
    assert not is_short(37, 47, 0.8, 0.05)
    assert is_short(32, 47, 0.8, 0.05)
    assert not is_short(0, 0, 0.8, 0.05)


def test_a_small_set_is_as_strict_as_leaves_a_harmless_night_room() -> None:
    strict = Strictness(least=2.0, wanted=4.0)
    large, small, tiny = (strict.of(change(4), grain, MARGIN) for grain in (GRAIN / 100, GRAIN, 100 * GRAIN))
    assert large == pytest.approx(4.0)
    assert 2.0 < small < 4.0
    assert tiny == 2.0
    low, _ = score_bounds(change(4), GRAIN, small)
    assert low == pytest.approx(-4 * GRAIN - 0.6 * MARGIN, abs=1e-4)
