"""Bounds that are true as often as they say, also far out in the tail and where little changed."""

import numpy as np
import pytest

from techner.evaluation.bootstrap import Measured
from techner.evaluation.intervals import Strictness, deviations, is_short, score_bounds, share_bounds

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
    assert is_short(0, 30_000, 0.8, 1e-9)
    assert not is_short(20, 20, 1.0, 0.05)


@pytest.mark.parametrize(("found", "floor"), [(20, 0.8), (20, 0.95), (100, 0.95), (400, 0.8)])
def test_chance_alone_makes_a_share_short_no_more_often_than_the_error(found: int, floor: float) -> None:
    draws = np.random.default_rng(0).binomial(found, floor, size=20_000).tolist()
    short = {kept: is_short(kept, found, floor, 0.05) for kept in {*draws}}
    assert sum(short[kept] for kept in draws) <= 0.052 * len(draws)


def test_bounds_stay_within_what_a_figure_can_be() -> None:
    worst = Measured(observed=-0.98, drawn=np.array([-1.0, -0.9]))
    assert score_bounds(worst, 0.05, 3.0)[0] == -1.0
    none = Measured(observed=0.0, drawn=np.array([0.0, 0.0]))
    assert share_bounds(none, 0.05, 100, 0.05)[0] == 0.0


def test_a_small_set_is_as_strict_as_leaves_a_harmless_night_room() -> None:
    strict = Strictness(least=2.0, wanted=4.0)
    large, small, tiny = (strict.of(change(4), grain, MARGIN) for grain in (GRAIN / 100, GRAIN, 100 * GRAIN))
    assert large == pytest.approx(4.0)
    assert 2.0 < small < 4.0
    assert tiny == 2.0
    low, _ = score_bounds(change(4), GRAIN, small)
    assert low == pytest.approx(-4 * GRAIN - 0.6 * MARGIN, abs=1e-4)
