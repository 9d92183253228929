"""The gate: what is promoted, rejected, or asked; and that nothing passes for want of evidence."""

from dataclasses import replace

import pytest

from techner.core.manifest import Part
from techner.core.run_documents import SetEvaluation
from techner.core.verdict import CheckState, Outcome
from techner.evaluation.gate import apply_gate
from techner.evaluation.intervals import night_error
from tests.evaluation.making import (
    POLICY,
    SPEED,
    Row,
    evaluation,
    failed,
    kept,
    named,
    rows,
    the_check,
    verdict,
)

FAILED, PASSED, INSUFFICIENT = CheckState.FAILED, CheckState.PASSED, CheckState.INSUFFICIENT
NOTHING: tuple[Row, ...] = tuple({} for _ in range(50))


def test_gate_promotes_a_candidate_that_keeps_the_old_and_learns_the_new() -> None:
    assert verdict(evaluation()).outcome is Outcome.PROMOTE


def test_gate_compares_with_production_too_where_it_answers_otherwise() -> None:
    better = rows("PERSON", 4500, 500)
    assert ("pretrained micro F1", "production") in failed(evaluation(production=better))


def test_production_is_compared_where_it_differs_in_its_counts_or_in_its_spans_alone() -> None:
    found = evaluation()
    sets, unlike = found.regression, rows("PERSON", 4500, 500)
    counts = replace(sets, systems={**sets.systems, "production": unlike})
    spans = replace(sets, kept={**sets.kept, "production": ((1, 0),) * len(unlike)})
    assert ("pretrained micro F1", "production") in failed(replace(found, regression=counts))
    assert failed(replace(found, regression=spans)) == {("negative flips", "production")}


def test_gate_rejects_small_losses_that_add_up_since_the_origin() -> None:
    """Production lost a little already: the candidate is near it, but too far from the origin."""
    drifted = evaluation(production=rows("PERSON", 3965, 1035), candidate=rows("PERSON", 3950, 1050))
    assert failed(drifted) == {("pretrained micro F1", "origin")}


@pytest.mark.parametrize("part", ["regression", "holdout"])
def test_an_empty_set_is_never_a_pass_but_a_question(part: str) -> None:
    whole = evaluation()
    empty = SetEvaluation(
        labels=getattr(whole, part).labels,
        systems=dict.fromkeys(("origin", "production", "candidate"), ()),
        kept=dict.fromkeys(("origin", "production"), ()),
    )
    emptied = replace(whole, holdout=empty) if part == "holdout" else replace(whole, regression=empty)
    assert verdict(emptied).outcome is Outcome.ASK


def test_a_set_without_gold_spans_is_a_question() -> None:
    assert verdict(evaluation(origin=NOTHING)).outcome is Outcome.ASK


def test_a_failure_beats_a_question() -> None:
    found = evaluation(origin=NOTHING, new_candidate=rows("PROTOCOL", 10, 290))
    assert verdict(found).outcome is Outcome.REJECT


def test_the_same_counts_and_policy_give_the_same_verdict() -> None:
    assert apply_gate(evaluation(), POLICY, SPEED) == apply_gate(evaluation(), POLICY, SPEED)


def test_margins_are_settings() -> None:
    lossy = evaluation(candidate=rows("PERSON", 3900, 1100))
    loose = replace(POLICY, micro_margin=0.05, macro_margin=0.05, label_margin=0.05, label_drop=0.1)
    assert verdict(lossy).outcome is Outcome.REJECT
    assert verdict(lossy, loose).outcome is Outcome.PROMOTE


def test_intervals_of_scores_hold_the_observed_change_and_narrow_with_more_texts() -> None:
    widths = []
    for scale in (1, 16):
        origin = rows("PERSON", 40 * scale, 20 * scale)
        candidate = rows("PERSON", 40 * scale - 2 * scale, 22 * scale)
        score = apply_gate(evaluation(origin=origin, candidate=candidate), POLICY, SPEED).scores[0]
        assert score.low is not None
        assert score.high is not None
        assert score.candidate is not None
        assert score.origin is not None
        assert score.low <= score.candidate - score.origin <= score.high
        widths.append(score.high - score.low)
    assert widths[1] < widths[0] / 2


def test_old_labels_are_scored_against_the_origin_and_new_ones_against_production() -> None:
    found = evaluation(production=rows("PERSON", 4500, 500), new_production=rows("PROTOCOL", 250, 50))
    person, protocol = apply_gate(found, POLICY, SPEED).scores
    assert (person.part, person.low, person.high) == (Part.PRETRAINED, 0.0, 0.0)
    assert protocol.part is Part.NEW
    assert protocol.high is not None
    assert protocol.high < 0


def test_an_undefined_score_is_none_not_zero() -> None:
    found = evaluation(origin=rows("PERSON", 10, 0))
    found = replace(found, regression=replace(found.regression, labels=("ORG", "PERSON")))
    score = next(score for score in apply_gate(found, POLICY, SPEED).scores if score.label == "ORG")
    assert (score.origin, score.candidate, score.support) == (None, None, 0)


def test_a_handful_of_gold_spans_is_no_evidence() -> None:
    few = evaluation(
        new_candidate=rows("PROTOCOL", 5, 1), new_production=rows("PROTOCOL", 0, 6), survived=(0, 0)
    )
    assert verdict(few).outcome is Outcome.ASK
    assert verdict(few, replace(POLICY, min_support=1)).outcome is Outcome.PROMOTE


def test_negative_flips_show_a_loss_that_as_many_gains_hide() -> None:
    before = rows("PERSON", 4000, 1000)
    after = rows("PERSON", 3500, 500) + rows("PERSON", 500, 500)  # F1 as before, 500 flips of 5000
    found = evaluation(origin=before, candidate=after)
    assert the_check(found, "pretrained micro F1").observed == 0
    assert the_check(found, "negative flips").observed == 0.1
    assert ("negative flips", "origin") in failed(found)


def test_negative_flips_are_counted_against_production_too() -> None:
    production = rows("PERSON", 4000, 999) + rows("PERSON", 1, 0)
    candidate = rows("PERSON", 4000, 1000)
    found = evaluation(production=production, candidate=candidate)
    assert the_check(found, "negative flips", "production").observed == 0.0002


def test_flips_that_were_not_counted_are_a_question() -> None:
    found = evaluation(origin=rows("PERSON", 10, 5))
    assert kept(rows("PERSON", 1, 0), rows("PERSON", 0, 1)) == ((1, 0),)
    assert the_check(found, "negative flips").state is INSUFFICIENT


def test_a_candidate_that_covers_the_origins_spans_on_new_texts_is_rejected() -> None:
    assert failed(evaluation(survived=(100, 70))) == {("survival", "origin")}
    assert failed(evaluation(survived=(290, 215))) == {("survival", "origin")}


def test_survival_under_its_floor_by_chance_alone_passes() -> None:
    """A night on en_core_web_md kept 37 of 47 spans, the next one 41 of the same."""
    assert named(PASSED, evaluation(survived=(47, 37))) >= {("survival", "origin")}
    assert failed(evaluation(survived=(47, 30))) == {("survival", "origin")}


def test_flips_over_their_cap_by_chance_alone_are_a_question() -> None:
    found = evaluation(origin=rows("PERSON", 40, 0), candidate=rows("PERSON", 37, 3))
    assert the_check(found, "negative flips").state is INSUFFICIENT
    found = evaluation(origin=rows("PERSON", 400, 0), candidate=rows("PERSON", 370, 30))
    assert the_check(found, "negative flips").state is FAILED


def test_each_night_that_was_not_promoted_makes_the_next_one_stricter() -> None:
    """Promoted nights cost nothing; the errors of all others together stay below 5 %."""
    found = evaluation(candidate=rows("PERSON", 3995, 1005))
    lows = [
        next(
            check.low or 0.0 for check in apply_gate(found, POLICY, SPEED, not_promoted=count).verdict.checks
        )
        for count in (0, 1, 10)
    ]
    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 3
    errors = [night_error(POLICY, count) for count in range(10_000)]
    assert errors[0] == pytest.approx(0.025)
    assert sum(errors) < 0.05


def test_an_origin_that_finds_nothing_on_the_new_texts_has_nothing_to_lose() -> None:
    found = evaluation(survived=(5, 0))
    check = the_check(found, "survival")
    assert (check.state, check.decisive) == (INSUFFICIENT, False)
    assert verdict(found).outcome is Outcome.PROMOTE


def test_a_candidate_that_is_too_large_is_rejected() -> None:
    assert failed(evaluation(candidate_bytes=301)) == {("size", "origin")}
    assert verdict(evaluation(candidate_bytes=300)).outcome is Outcome.PROMOTE


@pytest.mark.parametrize("known", [{}, {"origin": 100}, {"candidate": 100}])
def test_a_size_that_is_not_known_is_a_question(known: dict[str, int]) -> None:
    assert verdict(replace(evaluation(), size_bytes=known)).outcome is Outcome.ASK


def test_a_candidate_that_is_too_slow_is_rejected() -> None:
    slow = verdict(evaluation(), speed=replace(SPEED, candidate=14_000.0))
    assert (slow.outcome, slow.reason) == (Outcome.REJECT, "failed: speed against origin")


def test_a_speed_that_was_not_measured_is_a_question() -> None:
    assert verdict(evaluation(), speed=None).outcome is Outcome.ASK


def test_two_measured_speeds_give_one_verdict_as_long_as_both_are_enough() -> None:
    """A manifest holds the verdict, and identical runs must make identical manifests."""
    faster = replace(SPEED, candidate=25_123.4)
    assert apply_gate(evaluation(), POLICY, SPEED) == apply_gate(evaluation(), POLICY, faster)
