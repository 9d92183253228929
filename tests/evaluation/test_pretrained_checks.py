"""The pretrained labels: non-inferiority together, and no label alone."""

from dataclasses import replace

import pytest

from techner.core.verdict import Against, CheckState, Outcome
from techner.evaluation.intervals import holm
from tests.evaluation.making import POLICY, evaluation, failed, named, rows, the_check, verdict

MICRO = ("pretrained micro F1", "origin")


def test_a_loss_beyond_the_margin_fails() -> None:
    assert MICRO in failed(evaluation(candidate=rows("PERSON", 3940, 1060)))


def test_a_set_on_which_nothing_changed_shows_no_more_than_its_size_allows() -> None:
    """Of 300 spans, a loss of half a point is one or two: that none was lost may be chance."""
    assert MICRO in named(CheckState.PASSED, evaluation(origin=rows("PERSON", 400, 100)))
    assert MICRO in named(CheckState.INSUFFICIENT, evaluation(origin=rows("PERSON", 240, 60)))


def test_a_loss_within_the_margin_that_the_set_cannot_show_to_be_so_is_a_question() -> None:
    found = evaluation(origin=rows("PERSON", 400, 100), candidate=rows("PERSON", 398, 102))
    check = the_check(found, "pretrained micro F1")
    assert check.observed is not None
    assert check.low is not None
    assert check.low < -0.005 < check.observed
    assert MICRO in named(CheckState.INSUFFICIENT, found)
    assert verdict(found).outcome is Outcome.ASK


def test_the_same_share_lost_on_a_large_set_passes() -> None:
    found = evaluation(origin=rows("PERSON", 8000, 2000), candidate=rows("PERSON", 7960, 2040))
    assert MICRO in named(CheckState.PASSED, found)


def test_production_is_compared_at_the_whole_error_and_the_origin_at_what_is_left() -> None:
    found = evaluation(production=rows("PERSON", 4001, 999), candidate=rows("PERSON", 4000, 1000))
    rules = {check.against: check.rule for check in verdict(found).checks if check.name == MICRO[0]}
    assert "with an error of at most 5 %" in rules[Against.PRODUCTION]
    assert "with an error of at most 2.5 %" in rules[Against.ORIGIN]


def test_one_flip_of_a_rare_label_does_not_weigh_as_much_as_a_hundred_of_another_one() -> None:
    """On en_core_web_md, one of nine WORK_OF_ART spans made two nights of seven ask."""
    common = rows("PERSON", 1200, 0) + rows("GPE", 1200, 0) + rows("ORG", 1200, 0)
    rare = rows("EVENT", 60, 0) + rows("FAC", 60, 0)
    before, after = rows("WORK_OF_ART", 9, 0), rows("WORK_OF_ART", 8, 1)
    found = evaluation(origin=common + rare + before, candidate=common + rare + after)
    macro = the_check(found, "pretrained macro F1")
    assert macro.state is CheckState.PASSED
    assert macro.observed is not None
    assert macro.observed > -0.002
    assert "labels under 100 gold spans count as one" in macro.rule


def test_a_pool_of_few_gold_spans_is_no_part_of_the_macro_score() -> None:
    common, fac = rows("PERSON", 1200, 0), rows("FAC", 20, 0)
    found = evaluation(
        origin=common + fac + rows("EVENT", 30, 0), candidate=common + fac + rows("EVENT", 29, 1)
    )
    assert the_check(found, "pretrained macro F1").observed == 0
    assert the_check(found, "2 rare labels pooled").support == 50


def test_rare_labels_that_are_lost_together_fail() -> None:
    common = rows("PERSON", 20_000, 0)
    found = evaluation(
        origin=common + rows("EVENT", 30, 0) + rows("FAC", 30, 0),
        candidate=common + rows("EVENT", 15, 15) + rows("FAC", 15, 15),
    )
    assert failed(found) == {("2 rare labels pooled", "origin")}


def test_one_label_that_drops_fails_while_the_others_make_up_for_it() -> None:
    origin = rows("PERSON", 800, 200) + rows("ORG", 200, 100)
    candidate = rows("PERSON", 840, 160) + rows("ORG", 170, 130)
    names = {name for name, _ in failed(evaluation(origin=origin, candidate=candidate))}
    assert {"ORG", "ORG, drop"} <= names
    assert "pretrained micro F1" not in names


def test_labels_are_compared_with_the_origin_alone() -> None:
    found = evaluation(production=rows("PERSON", 4100, 900))
    assert ("PERSON", "production") not in {(c.name, c.against) for c in verdict(found).checks}


def test_a_drop_is_tested_where_there_are_enough_gold_spans() -> None:
    names = {check.name for check in verdict(evaluation(origin=rows("PERSON", 199, 0))).checks}
    assert "PERSON, drop" not in names
    names = {check.name for check in verdict(evaluation(origin=rows("PERSON", 200, 0))).checks}
    assert "PERSON, drop" in names


def test_rare_labels_are_judged_as_a_pool_and_listed_as_insufficient() -> None:
    origin = rows("PERSON", 4000, 1000) + rows("DATE", 30, 10) + rows("MONEY", 30, 10)
    found = evaluation(origin=origin)
    assert the_check(found, "2 rare labels pooled").state is CheckState.PASSED
    for label in ("DATE", "MONEY"):
        remark = the_check(found, label)
        assert (remark.state, remark.decisive) == (CheckState.INSUFFICIENT, False)
        assert "within the pool" in remark.rule
    assert verdict(found).outcome is Outcome.PROMOTE


def test_a_pool_that_lost_fails() -> None:
    origin = rows("PERSON", 4000, 1000) + rows("DATE", 60, 10) + rows("MONEY", 60, 10)
    candidate = rows("PERSON", 4000, 1000) + rows("DATE", 35, 35) + rows("MONEY", 35, 35)
    found = evaluation(origin=origin, candidate=candidate)
    assert ("2 rare labels pooled", "origin") in failed(found)


def test_a_pool_too_small_to_measure_is_no_question_every_night() -> None:
    found = evaluation(origin=rows("PERSON", 4000, 1000) + rows("DATE", 3, 0))
    assert "micro F1 alone" in the_check(found, "DATE").rule
    assert verdict(found).outcome is Outcome.PROMOTE


def test_two_lost_spans_are_no_significant_loss_even_without_a_margin() -> None:
    found = evaluation(candidate=rows("PERSON", 3998, 1002))
    assert ("PERSON", "origin") not in failed(found, replace(POLICY, label_margin=0.0))


def test_a_p_value_is_never_zero() -> None:
    found = evaluation(origin=rows("PERSON", 150, 0), candidate=rows("PERSON", 140, 10))
    check = the_check(found, "PERSON", policy=replace(POLICY, label_margin=0.0))
    assert check.state is CheckState.FAILED
    assert "p 0.0000" not in check.rule


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        ([], []),
        ([0.04], [True]),
        ([0.04, 0.04], [False, False]),  # each alone would be significant
        ([0.04, 0.02], [True, True]),  # the second is tested at 0.05, after the first fell at 0.025
        ([0.2, 0.001, 0.03], [False, True, False]),
    ],
)
def test_significance_is_corrected_for_the_number_of_labels(
    p_values: list[float], rejected: list[bool]
) -> None:
    assert holm(p_values, 0.05) == rejected
