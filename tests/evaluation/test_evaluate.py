"""Scoring of several systems on the frozen sets."""

from techner.core.examples import Span
from techner.evaluation.evaluate import Predict, evaluate
from tests.conftest import marked

OLD = marked("[[David|PERSON]] uses TLS")
NEW = marked("David uses [[TLS|PROTOCOL]]")


def answering(*spans: Span) -> dict[str, Predict]:
    """Make a candidate that answers the same to every text."""

    def predict(texts: list[str]) -> list[tuple[Span, ...]]:
        return [spans for _ in texts]

    return {"candidate": predict}


def test_each_set_is_scored_on_its_own_labels_alone() -> None:
    perfect = answering(Span(0, 5, "PERSON"), Span(11, 14, "PROTOCOL"))
    found = evaluate(
        perfect,
        regression=[OLD],
        pretrained=frozenset({"PERSON"}),
        holdout=[NEW],
        new=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    assert found.regression.systems["candidate"] == ({"PERSON": (1, 0, 0)},)
    assert found.holdout.systems["candidate"] == ({"PROTOCOL": (1, 0, 0)},)


def test_a_new_span_over_an_old_one_costs_the_old_label() -> None:
    greedy = answering(Span(0, 5, "PROTOCOL"))
    found = evaluate(
        greedy,
        regression=[OLD],
        pretrained=frozenset({"PERSON"}),
        holdout=[],
        new=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    assert found.regression.systems["candidate"] == ({"PERSON": (0, 0, 1)},)
