"""The new labels: a floor, and production as the baseline where it has one."""

from dataclasses import replace

from techner.core.run_documents import SetEvaluation
from techner.core.verdict import CheckState, Outcome
from tests.evaluation.making import evaluation, failed, rows, the_check, verdict

NEW = ("new micro F1", "production")


def test_new_labels_below_the_floor_fail() -> None:
    assert failed(evaluation(new_candidate=rows("PROTOCOL", 10, 290))) == {("new micro F1", "floor")}


def test_new_labels_below_the_floor_by_chance_alone_are_a_question() -> None:
    found = evaluation(new_candidate=rows("PROTOCOL", 31, 269))
    check = the_check(found, "new micro F1", "floor")
    assert check.candidate is not None
    assert check.high is not None
    assert check.candidate < 0.2 < check.high
    assert verdict(found).outcome is Outcome.ASK


def test_new_labels_that_surely_fell_behind_production_fail() -> None:
    found = evaluation(new_production=rows("PROTOCOL", 250, 50), production_labels=("PROTOCOL",))
    assert failed(found) == {NEW}


def test_a_loss_that_may_be_chance_is_no_failure_even_beyond_the_margin() -> None:
    """Two seeds of one recipe differ by more than a point on a holdout of this size."""
    before = rows("PROTOCOL", 150, 0) + rows("PROTOCOL", 0, 110) + rows("PROTOCOL", 20, 20)
    after = rows("PROTOCOL", 125, 25) + rows("PROTOCOL", 16, 94) + rows("PROTOCOL", 20, 20)
    found = evaluation(new_production=before, new_candidate=after, production_labels=("PROTOCOL",))
    check = the_check(found, *NEW)
    assert check.observed is not None
    assert check.high is not None
    assert check.observed < -0.02 < 0 < check.high
    assert check.state is CheckState.PASSED


def test_a_sure_loss_within_the_margin_is_no_failure() -> None:
    before = rows("PROTOCOL", 2000, 1000)
    after = rows("PROTOCOL", 1970, 1030)
    found = evaluation(new_production=before, new_candidate=after, production_labels=("PROTOCOL",))
    check = the_check(found, *NEW)
    assert check.high is not None
    assert check.high < 0
    assert check.state is CheckState.PASSED


def test_a_first_night_says_that_there_is_no_baseline() -> None:
    check = the_check(evaluation(), *NEW)
    assert (check.state, check.decisive) == (CheckState.INSUFFICIENT, False)
    assert "no baseline" in check.rule


def test_a_candidate_that_lacks_a_label_of_production_is_rejected_though_no_set_has_it() -> None:
    kept = evaluation(new_production=rows("PROTOCOL", 200, 100), production_labels=("PROTOCOL",))
    assert not failed(kept)
    found = replace(kept, lost_labels=("HARDWARE",))
    assert failed(found) == {("labels", "production")}
    assert "HARDWARE" in the_check(found, "labels", "production").rule


def test_a_label_that_production_does_not_know_is_not_compared() -> None:
    """The candidate learnt HARDWARE badly; of PROTOCOL it knows as much as before."""
    found = evaluation(new_production=rows("PROTOCOL", 200, 100), production_labels=("PROTOCOL",))
    hardware = rows("HARDWARE", 50, 100)
    holdout = found.holdout
    wider = SetEvaluation(
        labels=("HARDWARE", "PROTOCOL"),
        systems={name: (*known, *hardware) for name, known in holdout.systems.items()},
        kept={name: (*pairs, *((0, 0),) * 150) for name, pairs in holdout.kept.items()},
    )
    check = the_check(replace(found, holdout=wider), *NEW)
    assert (check.observed, check.support) == (0, 300)


def test_too_few_gold_spans_to_compare_are_a_question() -> None:
    few = rows("PROTOCOL", 12, 3)
    found = evaluation(new_production=few, new_candidate=few, production_labels=("PROTOCOL",))
    assert the_check(found, *NEW).state is CheckState.INSUFFICIENT
    assert verdict(found).outcome is Outcome.ASK
