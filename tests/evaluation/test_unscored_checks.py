"""Pretrained labels without gold: never passed by a training that may have touched them."""

from dataclasses import replace

import pytest

from techner.core.examples import Example, Span
from techner.core.run_documents import Evaluation
from techner.core.verdict import CheckState, Outcome
from techner.evaluation.answers import Answers, FrozenSets, count_answers
from techner.evaluation.unscored_checks import is_unscored
from tests.evaluation.making import POLICY, evaluation, failed, named, verdict

FAILED, PASSED, INSUFFICIENT = CheckState.FAILED, CheckState.PASSED, CheckState.INSUFFICIENT


def unscored(*, found: int, kept: int, is_rewritten: bool, label: str = "DATE") -> Evaluation:
    """Make an evaluation whose regression set has gold of PERSON alone."""
    whole = evaluation()
    regression = replace(whole.regression, labels=tuple(sorted(("PERSON", label))))
    return replace(
        whole, regression=regression, origin_spans={label: (found, kept)}, is_rewritten=is_rewritten
    )


@pytest.mark.parametrize("kept", [400, 396, 330])
def test_a_label_without_gold_is_a_question_where_its_ner_was_trained(kept: int) -> None:
    assert verdict(unscored(found=400, kept=kept, is_rewritten=True)).outcome is Outcome.ASK


def test_a_label_without_gold_that_is_lost_is_a_failure() -> None:
    assert failed(unscored(found=400, kept=0, is_rewritten=True)) == {("DATE, too little gold", "origin")}


def test_a_few_spans_that_are_lost_are_a_question_and_no_failure() -> None:
    assert verdict(unscored(found=19, kept=0, is_rewritten=True)).outcome is Outcome.ASK


def test_labels_without_gold_share_the_error_between_them() -> None:
    """So few of 47 are kept by chance in 3.7 % of cases."""
    one = unscored(found=47, kept=32, is_rewritten=True)
    assert failed(one) == {("DATE, too little gold", "origin")}
    labels = tuple(sorted((*one.regression.labels, "MONEY")))
    two = replace(
        one,
        regression=replace(one.regression, labels=labels),
        origin_spans={"DATE": (47, 32), "MONEY": (47, 32)},
    )
    assert failed(two) == set()


def test_one_span_of_the_origin_is_enough_to_ask_where_its_ner_was_trained() -> None:
    assert verdict(unscored(found=1, kept=1, is_rewritten=True)).outcome is Outcome.ASK


def test_a_label_that_the_origin_never_finds_is_no_question() -> None:
    assert verdict(unscored(found=0, kept=0, is_rewritten=True)).outcome is Outcome.PROMOTE


def test_an_untouched_ner_passes_where_what_it_finds_survives() -> None:
    found = unscored(found=400, kept=396, is_rewritten=False)
    assert verdict(found).outcome is Outcome.PROMOTE
    assert {("DATE, too little gold", "origin"), ("all with too little gold", "origin")} <= named(
        PASSED, found
    )


def test_a_new_ner_that_covers_a_label_without_gold_is_a_failure() -> None:
    assert failed(unscored(found=400, kept=290, is_rewritten=False)) == {
        ("DATE, too little gold", "origin"),
        ("all with too little gold", "origin"),
    }
    assert failed(unscored(found=400, kept=370, is_rewritten=False)) == {
        ("all with too little gold", "origin")
    }


def test_few_spans_of_an_untouched_ner_are_a_remark() -> None:
    found = unscored(found=POLICY.min_support - 1, kept=0, is_rewritten=False)
    assert verdict(found).outcome is Outcome.PROMOTE


def test_an_evaluation_that_did_not_count_them_is_a_question() -> None:
    found = replace(unscored(found=0, kept=0, is_rewritten=False), origin_spans=None)
    assert verdict(found).outcome is Outcome.ASK


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        (0, 0, False),
        (0, 1, True),
        (3, 280, True),
        (3, 15, False),
        (19, 38, False),
        (19, 39, True),
        (20, 400, False),
    ],
)
def test_a_handful_of_gold_beside_many_spans_of_the_origin_scores_nothing(
    gold: int, found: int, *, expected: bool
) -> None:
    assert is_unscored(gold, found, POLICY) is expected


def test_spans_that_annotators_of_the_holdout_judged_are_not_counted() -> None:
    ada, tls, oslo = Span(0, 3, "PERSON"), Span(9, 12, "PROTOCOL"), Span(16, 20, "GPE")
    text = "Ada knows TLS in Oslo"
    sets = FrozenSets(
        regression=(Example("Ada", (), None),),
        holdout=(Example(text, (tls,), ("GPE", "PROTOCOL")),),
        pretrained=frozenset({"PERSON", "GPE", "ORG"}),
        new=frozenset({"PROTOCOL"}),
        known=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    before = Answers(regression=((ada,),), holdout=((ada, replace(tls, label="ORG"), oslo),))
    after = Answers(regression=((),), holdout=((ada, tls),))
    answers = {"origin": before, "production": before, "candidate": after}
    assert count_answers(sets, answers, size_bytes={}).origin_spans == {
        "GPE": (0, 0),
        "ORG": (0, 0),
        "PERSON": (2, 1),
    }
