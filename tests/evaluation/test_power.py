"""How small a loss the sets can show."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check, CheckState
from techner.evaluation.power import LastJudged, Reach, reaches

JUDGED = Check(
    name="pretrained micro F1",
    against=Against.ORIGIN,
    rule="lost at most 0.005, with an error of at most 2.5 %",
    baseline=0.8,
    candidate=0.8,
    low=-0.0039,
    high=0.0039,  # a standard error of 0.002
    margin=0.005,
    support=1000,
    state=CheckState.PASSED,
)


def found(name: str, *, spans: int = 1000, holdout: int = 300, checks: Iterable[Check] = ()) -> Reach:
    regression = {"ORG": spans // 2, "PERSON": spans - spans // 2}
    return next(
        r
        for r in reaches(regression, holdout, LastJudged(checks=tuple(checks)), GatePolicy())
        if r.check == name
    )


def test_a_judged_run_says_how_far_the_change_varies() -> None:
    reach = found("pretrained micro F1", checks=[JUDGED])
    assert reach.is_measured
    assert reach.smallest == pytest.approx(0.002 * (1.96 + 0.842), abs=0.0001)


def test_without_a_judged_run_a_share_of_changes_is_assumed() -> None:
    reach = found("pretrained micro F1")
    assert not reach.is_measured
    assert reach.smallest == pytest.approx(0.6 * (0.02 / 1000) ** 0.5 * 2.802, abs=0.0001)


def test_four_times_the_gold_spans_show_half_the_loss() -> None:
    few, many = (found("pretrained micro F1", spans=spans, checks=[JUDGED]) for spans in (1000, 4000))
    assert many.smallest == pytest.approx(few.smallest / 2, abs=0.0001)


def test_the_gold_spans_needed_show_just_the_margin() -> None:
    reach = found("pretrained micro F1", spans=500)
    assert not reach.is_enough
    assert reach.needed is not None
    enough = found("pretrained micro F1", spans=reach.needed + 10)
    assert enough.is_enough
    assert enough.smallest == pytest.approx(0.005, abs=0.0001)


def test_a_set_that_is_large_enough_needs_no_more() -> None:
    reach = found("pretrained micro F1", spans=10_000)
    assert reach.is_enough
    assert reach.needed == 10_000


def test_a_run_in_which_nothing_changed_does_not_promise_everything() -> None:
    assert found("pretrained micro F1", checks=[replace(JUDGED, low=0.0, high=0.0)]).smallest > 0


def test_an_interval_that_was_made_stricter_is_read_as_such() -> None:
    """After ten candidates that were not promoted, the same interval means a smaller error."""
    first, later = (
        next(reaches({"PERSON": 1000}, 0, LastJudged(checks=(narrow,), before=before), GatePolicy()))
        for before, narrow in ((0, JUDGED), (10, replace(JUDGED, low=-0.0029, high=0.0029)))
    )
    assert later.smallest < first.smallest / 2


def test_only_labels_with_enough_gold_spans_have_a_drop_to_show() -> None:
    names = {reach.check for reach in reaches({"DATE": 199, "PERSON": 200}, 0, LastJudged(), GatePolicy())}
    assert names == {"pretrained micro F1", "pretrained macro F1", "PERSON, drop"}


def test_new_labels_are_not_asked_about_where_the_holdout_is_small() -> None:
    reach = found("new micro F1")
    assert (reach.is_enough, reach.must_reach) == (False, False)


def test_sets_without_gold_spans_show_nothing() -> None:
    assert not list(reaches({"PERSON": 0}, 0, LastJudged(), GatePolicy()))


def test_no_number_of_spans_is_enough_for_no_margin_at_all() -> None:
    strict = reaches({"PERSON": 1000}, 0, LastJudged(), GatePolicy(micro_margin=0.0))
    assert next(strict).needed is None
