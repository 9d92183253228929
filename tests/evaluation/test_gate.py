"""The gate: what is promoted, rejected, or asked; and that nothing passes for want of evidence."""

from dataclasses import replace

import pytest

from techner.core.night import Evaluation, SetEvaluation
from techner.core.policy import GatePolicy
from techner.core.verdict import CheckState, Outcome
from techner.evaluation.gate import judge

POLICY = GatePolicy(resamples=300)
RIGHT, WRONG, MISSED = (1, 0, 0), (0, 1, 1), (0, 0, 1)
Row = dict[str, tuple[int, int, int]]


def rows(label: str, right: int, missed: int) -> tuple[Row, ...]:
    """Make texts of one gold span each."""
    return tuple({label: RIGHT} for _ in range(right)) + tuple({label: MISSED} for _ in range(missed))


def evaluation(
    *,
    origin: tuple[Row, ...] = rows("PERSON", 800, 200),
    production: tuple[Row, ...] | None = None,
    candidate: tuple[Row, ...] = rows("PERSON", 800, 200),
    new_production: tuple[Row, ...] = rows("PROTOCOL", 0, 300),
    new_candidate: tuple[Row, ...] = rows("PROTOCOL", 200, 100),
    production_labels: tuple[str, ...] = (),
) -> Evaluation:
    labels = tuple(sorted({label for row in origin for label in row}))
    return Evaluation(
        regression=SetEvaluation(
            labels=labels or ("PERSON",),
            systems={
                "origin": origin,
                "production": origin if production is None else production,
                "candidate": candidate,
            },
        ),
        holdout=SetEvaluation(
            labels=("PROTOCOL",),
            systems={
                "origin": rows("PROTOCOL", 0, len(new_candidate)),
                "production": new_production,
                "candidate": new_candidate,
            },
        ),
        production_labels=production_labels,
    )


def failed(found: Evaluation, policy: GatePolicy = POLICY) -> set[tuple[str, str]]:
    checks = judge(found, policy).verdict.checks
    return {(check.name, check.against) for check in checks if check.state is CheckState.FAILED}


def test_gate_promotes_a_candidate_that_keeps_the_old_and_learns_the_new() -> None:
    assert judge(evaluation(), POLICY).verdict.outcome is Outcome.PROMOTE


def test_gate_rejects_a_loss_on_the_pretrained_labels_against_the_origin() -> None:
    lossy = evaluation(candidate=rows("PERSON", 780, 220))
    assert ("pretrained micro F1", "origin") in failed(lossy)
    assert judge(lossy, POLICY).verdict.outcome is Outcome.REJECT


def test_gate_compares_with_production_too_where_it_answers_otherwise() -> None:
    better = rows("PERSON", 900, 100)
    assert ("pretrained micro F1", "production") in failed(evaluation(production=better))


def test_gate_rejects_small_losses_that_add_up_since_the_origin() -> None:
    """Production lost a little already: the candidate is near it, but too far from the origin."""
    drifted = evaluation(production=rows("PERSON", 794, 206), candidate=rows("PERSON", 788, 212))
    assert failed(drifted) == {("pretrained micro F1", "origin")}


def test_gate_rejects_when_one_label_drops_while_the_others_make_up_for_it() -> None:
    origin = rows("PERSON", 800, 200) + rows("ORG", 200, 100)
    candidate = rows("PERSON", 840, 160) + rows("ORG", 170, 130)
    names = {name for name, _ in failed(evaluation(origin=origin, candidate=candidate))}
    assert "ORG" in names
    assert "pretrained micro F1" not in names


def test_gate_pools_labels_with_few_gold_spans() -> None:
    origin = rows("PERSON", 800, 200) + rows("DATE", 30, 10) + rows("MONEY", 30, 10)
    checks = judge(evaluation(origin=origin, candidate=origin), POLICY).verdict.checks
    assert "2 rare labels pooled" in {check.name for check in checks}
    assert not {"DATE", "MONEY"} & {check.name for check in checks}


def test_gate_rejects_new_labels_below_the_floor() -> None:
    assert failed(evaluation(new_candidate=rows("PROTOCOL", 10, 290))) == {("new micro F1", "floor")}


def test_gate_rejects_new_labels_that_fall_behind_production() -> None:
    found = evaluation(new_production=rows("PROTOCOL", 250, 50), production_labels=("PROTOCOL",))
    assert failed(found) == {("new micro F1", "production")}


def test_first_night_has_no_baseline_for_new_labels_and_is_measured_against_the_floor_alone() -> None:
    against = {
        check.against for check in judge(evaluation(), POLICY).verdict.checks if check.name.startswith("new")
    }
    assert against == {"floor"}


@pytest.mark.parametrize("part", ["regression", "holdout"])
def test_an_empty_set_is_never_a_pass_but_a_question(part: str) -> None:
    whole = evaluation()
    empty = SetEvaluation(
        labels=getattr(whole, part).labels,
        systems=dict.fromkeys(("origin", "production", "candidate"), ()),
    )
    emptied = replace(whole, holdout=empty) if part == "holdout" else replace(whole, regression=empty)
    verdict = judge(emptied, POLICY).verdict
    assert verdict.outcome is Outcome.ASK


def test_a_set_without_gold_spans_is_a_question() -> None:
    nothing: tuple[Row, ...] = tuple({} for _ in range(50))
    assert judge(evaluation(origin=nothing, candidate=nothing), POLICY).verdict.outcome is Outcome.ASK


def test_a_failure_beats_a_question() -> None:
    nothing: tuple[Row, ...] = tuple({} for _ in range(50))
    found = evaluation(origin=nothing, candidate=nothing, new_candidate=rows("PROTOCOL", 10, 290))
    assert judge(found, POLICY).verdict.outcome is Outcome.REJECT


def test_the_same_counts_and_policy_give_the_same_verdict() -> None:
    assert judge(evaluation(), POLICY) == judge(evaluation(), POLICY)


def test_margins_are_settings() -> None:
    lossy = evaluation(candidate=rows("PERSON", 780, 220))
    loose = replace(POLICY, micro_margin=0.05, macro_margin=0.05, label_margin=0.05)
    assert judge(lossy, loose).verdict.outcome is Outcome.PROMOTE


def test_intervals_hold_the_observed_change_and_narrow_with_more_texts() -> None:
    widths = []
    for scale in (1, 16):
        origin = rows("PERSON", 40 * scale, 20 * scale)
        candidate = rows("PERSON", 40 * scale - 2 * scale, 22 * scale)
        score = judge(evaluation(origin=origin, candidate=candidate), POLICY).scores[0]
        assert score.low is not None
        assert score.high is not None
        assert score.candidate is not None
        assert score.origin is not None
        assert score.low <= score.candidate - score.origin <= score.high
        widths.append(score.high - score.low)
    assert widths[1] < widths[0] / 2


def test_an_undefined_score_is_none_not_zero() -> None:
    origin = rows("PERSON", 10, 0)
    found = evaluation(origin=origin, candidate=origin)
    found = replace(found, regression=replace(found.regression, labels=("ORG", "PERSON")))
    score = next(score for score in judge(found, POLICY).scores if score.label == "ORG")
    assert (score.origin, score.candidate, score.support) == (None, None, 0)


def test_a_handful_of_gold_spans_is_no_evidence() -> None:
    few = evaluation(new_candidate=rows("PROTOCOL", 5, 1), new_production=rows("PROTOCOL", 0, 6))
    assert judge(few, POLICY).verdict.outcome is Outcome.ASK
    assert judge(few, replace(POLICY, min_support=1)).verdict.outcome is Outcome.PROMOTE
