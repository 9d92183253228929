"""What follows from the checks; missing evidence is never a pass."""

import math

import pytest

from techner.core.verdict import Check, CheckState, Outcome, Verdict


def check(
    observed: float | None, *, required: float = -0.01, support: int = 100, name: str = "micro F1"
) -> Check:
    return Check(
        name=name,
        against="origin",
        rule="not worse by over 0.010",
        baseline=0.8,
        candidate=0.8,
        low=None,
        high=None,
        observed=observed,
        required=required,
        support=support,
    )


GOOD, BAD, UNKNOWN = check(0.0), check(-0.5, name="PERSON"), check(None, name="GPE")


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
    ],
)
def test_outcome_follows_from_the_checks(checks: tuple[Check, ...], outcome: Outcome) -> None:
    assert Verdict(checks=checks).outcome is outcome


def test_check_passes_at_exactly_what_is_required() -> None:
    assert check(-0.01, required=-0.01).state is CheckState.PASSED


def test_check_fails_just_below_what_is_required() -> None:
    assert check(-0.0101, required=-0.01).state is CheckState.FAILED


def test_check_without_a_measurement_is_insufficient() -> None:
    assert check(None).state is CheckState.INSUFFICIENT


def test_check_without_support_is_insufficient_however_good() -> None:
    assert check(1.0, support=0).state is CheckState.INSUFFICIENT


def test_check_of_nan_fails() -> None:
    assert check(math.nan).state is CheckState.FAILED


def test_reason_of_a_rejection_names_the_failed_check_alone() -> None:
    assert Verdict(checks=(GOOD, BAD, UNKNOWN)).reason == "failed: PERSON against origin"


def test_reason_of_a_question_names_what_could_not_be_measured() -> None:
    assert Verdict(checks=(GOOD, UNKNOWN)).reason == "insufficient: GPE against origin"


def test_reason_of_a_promotion_counts_the_checks() -> None:
    assert Verdict(checks=(GOOD, GOOD)).reason == "all 2 checks passed"


def test_reason_of_an_empty_verdict_says_that_nothing_was_checked() -> None:
    assert Verdict(checks=()).reason == "failed: no check was made"
