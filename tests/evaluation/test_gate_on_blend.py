"""A night of blend with corrections, at default margins: gold promotes it, and rejects one that forgot."""

from dataclasses import replace

import pytest

from techner.core.examples import Example, Span
from techner.core.policy import GatePolicy
from techner.core.verdict import CheckState, Outcome, Verdict
from techner.evaluation.answers import Answers, FrozenSets, count_answers
from techner.evaluation.gate import apply_gate
from tests.evaluation.making import SPEED

ORG, PROTOCOL = Span(0, 4, "ORG"), Span(0, 3, "PROTOCOL")
TEXTS = 1500
MISSED = 150
"""Organisations that the origin does not find; deliveries had such corrections."""


def judged(*, lost: int = 0, silver: int = 0) -> Verdict:
    """Judge a candidate that finds all that was missed and loses some; the last texts are silver."""
    found = [number >= MISSED for number in range(TEXTS)]
    origin = tuple((ORG,) if is_found else () for is_found in found)
    kept = tuple(() if place >= TEXTS - lost else (ORG,) for place in range(TEXTS))
    gold = tuple(
        replace(Example("Acme", spans if place < silver else (ORG,)), is_silver=place < silver)
        for place, spans in enumerate(origin)
    )
    sets = FrozenSets(
        regression=gold,
        holdout=(Example("TLS", (PROTOCOL,), ("PROTOCOL",)),) * 50,
        pretrained=frozenset({"ORG"}),
        new=frozenset({"PROTOCOL"}),
        known=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    before = Answers(regression=origin, holdout=((),) * 50)
    after = Answers(regression=kept, holdout=((PROTOCOL,),) * 50)
    answers = {"origin": before, "production": before, "candidate": after}
    evaluation = count_answers(sets, answers, size_bytes={"candidate": 1, "origin": 1})
    return apply_gate(evaluation, GatePolicy(resamples=200), SPEED).verdict


def test_corrections_are_promoted_where_gold_shows_them() -> None:
    assert judged().outcome is Outcome.PROMOTE


def test_corrections_are_promoted_though_the_origin_labelled_the_texts_it_errs_in() -> None:
    """As silver, each of the 150 corrections would be a loss: F1 0.95 where the origin has 1."""
    assert judged(silver=300).outcome is Outcome.PROMOTE


@pytest.mark.parametrize("silver", [0, 300])
def test_a_blend_that_forgot_as_many_as_it_corrected_is_rejected(silver: int) -> None:
    assert judged(lost=200, silver=silver).outcome is Outcome.REJECT


def test_silver_alone_asks_a_person_and_rejects_what_lost_much() -> None:
    verdict = judged(silver=TEXTS)
    assert verdict.outcome is Outcome.ASK
    unscored = {check.name: check.state for check in verdict.checks}
    assert unscored["ORG, too little gold"] is CheckState.INSUFFICIENT
    assert judged(silver=TEXTS, lost=500).outcome is Outcome.REJECT
