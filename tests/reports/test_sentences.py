"""A check in one sentence, and in a picture that agrees with it."""

from dataclasses import replace

import pytest

from techner.core.run_documents import Speed
from techner.core.verdict import Against, Check, CheckState
from techner.reports.sentences import WIDTH, check_picture, check_sentence, figure

LOST = Check(
    name="ORG",
    against=Against.ORIGIN,
    rule="no significant loss over 0.010 (p 0.0001, Holm)",
    baseline=0.861,
    candidate=0.81,
    low=-0.06,
    high=-0.041,
    margin=0.01,
    support=400,
    state=CheckState.FAILED,
)
FLIPS = replace(
    LOST, name="negative flips", rule="at most 0.050 of the gold spans", baseline=None, candidate=0.031,
    low=0.02, high=0.045, margin=0.05, state=CheckState.PASSED,
)  # fmt: skip
FLOOR = replace(
    FLIPS, name="new micro F1", against=Against.FLOOR, rule="at least 0.20", candidate=0.1,
    low=0.08, high=0.12, margin=0.2,
)  # fmt: skip
SPEED = replace(
    FLOOR, name="speed", against=Against.ORIGIN, rule="at least 0.40 of the origin", candidate=None,
    low=None, high=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (LOST, "ORG lost 0.051 against the origin (0.861 → 0.810), 0.010 allowed"),
        (
            replace(LOST, candidate=0.8665, against=Against.PRODUCTION),
            "ORG gained 0.0055 against production (0.861 → 0.8665), a loss of 0.010 is allowed",
        ),
        (
            replace(LOST, candidate=0.861),
            "ORG did not change against the origin (0.861 → 0.861), a loss of 0.010 is allowed",
        ),
        (
            replace(LOST, candidate=0.8565, low=-0.0213, state=CheckState.INSUFFICIENT),
            (
                "ORG lost 0.0045 against the origin (0.861 → 0.8565), 0.010 allowed, "
                "but 400 gold spans cannot show that: the loss may be 0.0213"
            ),
        ),
        (
            replace(LOST, margin=None, rule="too few gold spans"),
            "ORG lost 0.051 against the origin (0.861 → 0.810); too few gold spans",
        ),
        (FLIPS, "negative flips against the origin: 0.031; at most 0.050 of the gold spans"),
        (FLOOR, "new micro F1: 0.100; at least 0.20"),
        (
            replace(FLOOR, candidate=None, state=CheckState.INSUFFICIENT),
            "new micro F1: not measured; at least 0.20",
        ),
        (SPEED, "speed against the origin: passed; at least 0.40 of the origin"),
    ],
)
def test_a_sentence_says_what_was_found_and_what_is_allowed(check: Check, told: str) -> None:
    assert check_sentence(check) == told


def test_a_speed_has_its_figures_where_they_are_kept() -> None:
    told = check_sentence(SPEED, Speed(words=9, candidate=12345.6, origin=20576.0))
    assert told.replace("\u202f", " ").startswith(
        "Speed: 0.60 of the origin's, 12 346 words per second against 20 576"
    )


def test_a_figure_beyond_its_limit_is_not_rounded_to_it() -> None:
    assert (figure(0.0104), figure(0.01)) == ("0.0104", "0.010")


def test_a_loss_lies_left_of_its_limit_and_of_no_change() -> None:
    shown = check_picture(LOST)
    assert shown is not None
    assert shown.low is not None
    assert shown.high is not None
    assert shown.zero is not None
    assert 0 < shown.low < shown.observed < shown.high < shown.limit < shown.zero < WIDTH
    assert (shown.allowed_from, shown.allowed_to) == (shown.limit, WIDTH)
    assert shown.text == "-0.0510, interval -0.0600 … -0.0410; allowed from -0.0100 on"


def test_a_cap_allows_what_lies_left_of_it() -> None:
    shown = check_picture(FLIPS)
    assert shown is not None
    assert (shown.allowed_from, shown.allowed_to, shown.zero) == (0.0, shown.limit, None)
    assert shown.observed < shown.limit
    assert shown.text == "0.0310, interval 0.0200 … 0.0450; allowed up to 0.0500"


def test_a_floor_allows_what_lies_right_of_it() -> None:
    shown = check_picture(FLOOR)
    assert shown is not None
    assert shown.allowed_from == shown.limit > shown.observed


@pytest.mark.parametrize("check", [SPEED, replace(LOST, margin=None)])
def test_what_has_no_figure_or_no_limit_is_not_drawn(check: Check) -> None:
    assert check_picture(check) is None


def test_a_figure_on_its_limit_is_drawn_although_there_is_no_width() -> None:
    shown = check_picture(replace(FLOOR, candidate=0.2, low=0.2, high=0.2, margin=0.2))
    assert shown is not None
    assert shown.observed == shown.limit == WIDTH / 2
