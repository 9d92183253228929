"""Scores agree with spaCy's own scorer, and undefined is not zero."""

import pytest
import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example as SpacyExample
from spacy.vocab import Vocab

from techner.core.examples import Example, Span
from techner.core.scores import Counts, count, macro_f1, micro, total
from tests.conftest import marked

LABELS = frozenset({"PERSON", "PROTOCOL", "TOOL"})
PAIRS = [  # gold, predicted
    ("[[David|PERSON]] uses [[TLS|PROTOCOL]]", "[[David|PERSON]] uses [[TLS|PROTOCOL]]"),
    ("[[Ann Lee|PERSON]] runs [[nginx|TOOL]]", "[[Ann|PERSON]] Lee runs [[nginx|TOOL]]"),
    ("we use [[SSH|PROTOCOL]] and [[Redis|TOOL]]", "we use [[SSH|TOOL]] and Redis"),
    ("nothing to see here", "[[nothing|TOOL]] to see [[here|PERSON]]"),
    ("[[Bob|PERSON]] left", "Bob left"),
    ("plain text", "plain text"),
]


def spacy_doc(example: Example, vocab: Vocab) -> Doc:
    doc = spacy.blank("en", vocab=vocab)(example.text)
    spans = [doc.char_span(span.start, span.end, label=span.label) for span in example.spans]
    doc.set_ents([span for span in spans if span is not None])
    return doc


@pytest.fixture(scope="module")
def by_spacy() -> dict[str, float | dict[str, dict[str, float]]]:
    vocab = spacy.blank("en").vocab
    examples = [
        SpacyExample(spacy_doc(marked(predicted), vocab), spacy_doc(marked(gold), vocab))
        for gold, predicted in PAIRS
    ]
    return Scorer.score_spans(examples, "ents")


@pytest.fixture(scope="module")
def ours() -> dict[str, Counts]:
    return total(count(marked(gold).spans, marked(predicted).spans, LABELS) for gold, predicted in PAIRS)


def test_micro_scores_agree_with_spacy(ours: dict[str, Counts], by_spacy: dict[str, float]) -> None:
    counts = micro(ours)
    assert counts.precision == pytest.approx(by_spacy["ents_p"])
    assert counts.recall == pytest.approx(by_spacy["ents_r"])
    assert counts.f1 == pytest.approx(by_spacy["ents_f"])


@pytest.mark.parametrize("label", sorted(LABELS))
def test_scores_of_one_label_agree_with_spacy(
    label: str, ours: dict[str, Counts], by_spacy: dict[str, dict[str, dict[str, float]]]
) -> None:
    expected = by_spacy["ents_per_type"][label]
    assert ours[label].precision == pytest.approx(expected["p"])
    assert ours[label].recall == pytest.approx(expected["r"])
    assert ours[label].f1 == pytest.approx(expected["f"])


def test_label_without_gold_and_prediction_has_no_f1() -> None:
    assert Counts().f1 is None


def test_precision_without_prediction_is_undefined() -> None:
    assert Counts(fn=3).precision is None


def test_recall_without_gold_is_undefined() -> None:
    assert Counts(fp=3).recall is None


@pytest.mark.parametrize("counts", [Counts(fp=3), Counts(fn=3)])
def test_all_wrong_is_zero_and_not_undefined(counts: Counts) -> None:
    assert counts.f1 == 0.0


def test_macro_f1_is_the_mean_of_labels_with_gold() -> None:
    scores = {"A": Counts(tp=4), "B": Counts(fn=2), "C": Counts(fp=9)}
    assert macro_f1(scores) == pytest.approx(0.5)


def test_macro_f1_without_gold_is_undefined() -> None:
    assert macro_f1({"A": Counts(fp=3)}) is None


def test_micro_of_nothing_is_undefined() -> None:
    assert micro({}).f1 is None


def test_other_labels_are_not_counted() -> None:
    gold = (Span(0, 5, "PERSON"), Span(6, 9, "TOOL"))
    assert count(gold, (), frozenset({"TOOL"})) == {"TOOL": Counts(fn=1)}


def test_wrong_boundary_is_both_spurious_and_missed() -> None:
    found = count((Span(0, 7, "TOOL"),), (Span(0, 5, "TOOL"),), LABELS)
    assert found == {"TOOL": Counts(fp=1, fn=1)}


def test_support_is_the_number_of_gold_spans() -> None:
    assert Counts(tp=2, fp=7, fn=3).support == 5


def test_total_adds_label_by_label() -> None:
    rows = [{"A": Counts(tp=1)}, {"B": Counts(fp=1)}, {"A": Counts(fn=2)}]
    assert total(rows) == {"A": Counts(tp=1, fn=2), "B": Counts(fp=1)}
