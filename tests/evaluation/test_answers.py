"""Counts of several systems on the frozen sets."""

from dataclasses import replace

from techner.core.examples import Example, Span
from techner.core.policy import SchemePolicy
from techner.core.run_documents import Evaluation
from techner.evaluation.answers import Answers, FrozenSets, count_answers
from tests.conftest import marked

OLD = marked("[[David|PERSON]] uses TLS")
NEW = marked("David uses [[TLS|PROTOCOL]]")
PERSON, PROTOCOL = Span(0, 5, "PERSON"), Span(11, 14, "PROTOCOL")


def counted(
    candidate: tuple[Span, ...],
    *,
    origin: tuple[Span, ...] = (),
    holdout: tuple[Example, ...] = (NEW,),
    regression: tuple[Example, ...] = (OLD,),
    is_rewritten: bool = True,
) -> Evaluation:
    """Count systems that answer the same to every text."""
    sets = FrozenSets(
        regression=regression,
        holdout=holdout,
        pretrained=frozenset({"PERSON"}),
        new=frozenset({"PROTOCOL"}),
        known=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    spans = {"candidate": candidate, "production": origin, "origin": origin}
    answers = {
        name: Answers(regression=(found,) * len(regression), holdout=(found,) * len(holdout))
        for name, found in spans.items()
    }
    return count_answers(sets, answers, size_bytes={"candidate": 2, "origin": 1}, is_rewritten=is_rewritten)


def test_each_set_is_scored_on_its_own_labels_alone() -> None:
    found = counted((PERSON, PROTOCOL))
    assert found.regression.systems["candidate"] == ({"PERSON": (1, 0, 0)},)
    assert found.holdout.systems["candidate"] == ({"PROTOCOL": (1, 0, 0)},)


def test_a_new_span_over_an_old_one_costs_the_old_label() -> None:
    found = counted((Span(0, 5, "PROTOCOL"),), holdout=())
    assert found.regression.systems["candidate"] == ({"PERSON": (0, 0, 1)},)


def test_a_gold_span_that_was_right_and_is_wrong_is_not_kept() -> None:
    assert counted((), origin=(PERSON,)).regression.kept["origin"] == ((1, 0),)
    assert counted((PERSON,), origin=(PERSON,)).regression.kept["origin"] == ((1, 1),)


def test_a_span_that_was_wrong_before_cannot_flip() -> None:
    assert counted((), origin=(Span(0, 4, "PERSON"),)).regression.kept["origin"] == ((0, 0),)


def test_an_old_span_of_a_new_text_survives_where_the_candidate_finds_it_exactly() -> None:
    assert counted((PERSON, PROTOCOL), origin=(PERSON,)).holdout.kept["origin"] == ((1, 1),)
    assert counted((Span(0, 10, "PERSON"),), origin=(PERSON,)).holdout.kept["origin"] == ((1, 0),)


def test_an_old_span_that_touches_new_gold_need_not_survive() -> None:
    assert counted((PROTOCOL,), origin=(Span(6, 14, "ORG"),)).holdout.kept["origin"] == ((0, 0),)


def test_a_label_that_annotators_did_not_look_for_is_not_counted_against_anyone() -> None:
    unasked = Example(NEW.text, (), scope=("HARDWARE",))
    assert counted((PROTOCOL,), holdout=(unasked,)).holdout.systems["candidate"] == ({},)
    asked = Example(NEW.text, (), scope=("PROTOCOL",))
    assert counted((PROTOCOL,), holdout=(asked,)).holdout.systems["candidate"] == ({"PROTOCOL": (0, 1, 0)},)


def test_a_correction_that_annotators_asked_for_is_no_lost_survivor() -> None:
    corrected = replace(NEW, scope=("PERSON", "PROTOCOL"))
    found = counted((PROTOCOL,), origin=(PERSON,), holdout=(corrected,))
    assert found.holdout.kept["origin"] == ((0, 0),)
    assert counted((PROTOCOL,), origin=(PERSON,)).holdout.kept["origin"] == ((1, 0),)


def test_answers_are_compared_under_todays_names() -> None:
    moves = SchemePolicy(renamed={"WIRE": "PROTOCOL"}, retired=("PERSON",))
    old = Answers(regression=((PERSON,),), holdout=((replace(PROTOCOL, label="WIRE"),),))
    assert old.today(moves) == Answers(regression=((),), holdout=((PROTOCOL,),))


def test_what_the_origin_labelled_judges_no_model_that_was_trained_to_differ() -> None:
    """There each correction would count as a loss; as agreement, it still shows what was lost."""
    both = (OLD, replace(OLD, is_silver=True))
    blend = counted((), origin=(PERSON,), regression=both)
    assert blend.regression.systems["origin"] == ({"PERSON": (1, 0, 0)},)
    assert blend.origin_spans is not None
    assert blend.origin_spans["PERSON"][0] >= len(both)
    extend = counted((), origin=(PERSON,), regression=both, is_rewritten=False)
    assert extend.regression.systems["origin"] == ({"PERSON": (1, 0, 0)},) * 2
