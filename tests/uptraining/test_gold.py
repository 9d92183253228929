"""What the annotators looked for is taught; of the rest nothing is claimed."""

import pytest
import spacy
from spacy.language import Language

from techner.core.examples import Example, Span
from techner.uptraining.gold import gold

LABELS = frozenset({"PROTOCOL", "HARDWARE"})
TEXT = "TLS runs on a Zynq chip."
TLS, ZYNQ = Span(0, 3, "PROTOCOL"), Span(14, 18, "HARDWARE")


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


def bilou(nlp: Language, example: Example, **teacher: object) -> list[str | None]:
    """Return the tags that are taught; None is missing."""
    (eg,) = gold(nlp, [example], LABELS, **teacher)  # type: ignore[arg-type]
    return list(eg.get_aligned_ner())


def test_a_text_annotated_for_every_label_has_o_outside_its_spans(nlp: Language) -> None:
    assert bilou(nlp, Example(TEXT, (TLS,))) == ["U-PROTOCOL", "O", "O", "O", "O", "O", "O"]
    everything = Example(TEXT, (TLS,), scope=("HARDWARE", "PROTOCOL"))
    assert bilou(nlp, everything) == bilou(nlp, Example(TEXT, (TLS,)))


def test_a_label_that_nobody_looked_for_or_knows_leaves_the_rest_missing(nlp: Language) -> None:
    example = Example(TEXT, (TLS,), scope=("PROTOCOL",))
    assert bilou(nlp, example) == ["U-PROTOCOL", *[None] * 6]


def test_the_teachers_spans_stand_in_for_a_label_outside_the_scope(nlp: Language) -> None:
    example = Example(TEXT, (TLS,), scope=("PROTOCOL",))
    tags = bilou(nlp, example, silver=[(ZYNQ,)], teacher_labels=LABELS)
    assert tags == ["U-PROTOCOL", "O", "O", "O", "U-HARDWARE", "O", "O"]


def test_the_teacher_has_no_say_on_a_label_that_was_looked_for(nlp: Language) -> None:
    example = Example(TEXT, (TLS,), scope=("HARDWARE", "PROTOCOL"))
    assert "U-HARDWARE" not in bilou(nlp, example, silver=[(ZYNQ,)], teacher_labels=LABELS)


def test_a_silver_span_over_a_gold_one_is_dropped(nlp: Language) -> None:
    example = Example(TEXT, (TLS,), scope=("PROTOCOL",))
    over = (Span(0, 8, "HARDWARE"),)
    assert bilou(nlp, example, silver=[over], teacher_labels=LABELS)[:2] == ["U-PROTOCOL", "O"]


def test_labels_that_are_not_taught_leave_no_trace(nlp: Language) -> None:
    assert bilou(nlp, Example(TEXT, (Span(0, 3, "ORG"), ZYNQ)))[:5] == ["O", "O", "O", "O", "U-HARDWARE"]


def test_a_span_that_cuts_a_token_claims_nothing_about_it(nlp: Language) -> None:
    assert bilou(nlp, Example(TEXT, (Span(14, 16, "HARDWARE"),)))[4] is None
