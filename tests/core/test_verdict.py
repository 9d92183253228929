"""What follows from the checks; missing evidence is never a pass."""

from dataclasses import replace

import pytest

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check, CheckState, Outcome, Verdict


def check(state: CheckState, *, name: str = "micro F1", decisive: bool = True) -> Check:
    return Check(
        name=name,
        against=Against.ORIGIN,
        rule="lost at most 0.005, with 95 % confidence",
        baseline=0.8,
        candidate=0.79,
        low=None,
        high=None,
        margin=0.005,
        support=100,
        state=state,
        decisive=decisive,
    )


GOOD = check(CheckState.PASSED)
BAD = check(CheckState.FAILED, name="PERSON")
UNKNOWN = check(CheckState.INSUFFICIENT, name="GPE")
REMARK = check(CheckState.INSUFFICIENT, name="DATE", decisive=False)


@pytest.mark.parametrize(
    ("checks", "outcome"),
    [
        ((), Outcome.REJECT),
        ((GOOD,), Outcome.PROMOTE),
        ((GOOD, GOOD), Outcome.PROMOTE),
        ((BAD,), Outcome.REJECT),
        ((GOOD, BAD), Outcome.REJECT),
        ((GOOD, GOOD, GOOD, BAD, GOOD), Outcome.REJECT),
        ((UNKNOWN,), Outcome.ASK),
        ((GOOD, UNKNOWN), Outcome.ASK),
        ((UNKNOWN, BAD), Outcome.REJECT),
        ((GOOD, REMARK), Outcome.PROMOTE),
        ((UNKNOWN, REMARK), Outcome.ASK),
        ((REMARK,), Outcome.REJECT),
    ],
)
def test_outcome_follows_from_the_checks(checks: tuple[Check, ...], outcome: Outcome) -> None:
    assert Verdict(checks=checks).outcome is outcome


def test_observed_is_the_change_from_the_baseline_as_both_are_shown() -> None:
    assert GOOD.observed == -0.01


def test_observed_without_a_baseline_is_the_candidate_alone() -> None:
    assert replace(GOOD, baseline=None).observed == 0.79
    assert replace(GOOD, candidate=None).observed is None


def test_reason_of_a_rejection_names_the_failed_check_alone() -> None:
    assert Verdict(checks=(GOOD, BAD, UNKNOWN)).reason == "failed: PERSON against origin"


def test_reason_of_a_question_names_what_could_not_be_measured() -> None:
    assert Verdict(checks=(GOOD, UNKNOWN)).reason == "insufficient: GPE against origin"


def test_reason_of_a_promotion_counts_the_checks() -> None:
    assert Verdict(checks=(GOOD, GOOD, REMARK)).reason == "all 2 checks passed"


def test_reason_of_an_empty_verdict_says_that_nothing_was_checked() -> None:
    assert Verdict(checks=()).reason == "failed: no check was made"


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"min_support": 0}, {"label_support": 0}])
def test_a_policy_under_which_nothing_could_fail_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GatePolicy(**wrong)  # type: ignore[arg-type]
