"""Sets that judge: labels that would not be measured are refused, and the likely ones are named."""

import pytest

from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.core.policy import Policies, QualityPolicy, SchemePolicy
from techner.core.scheme import LabelScheme
from techner.quality.labels import meant_ones
from techner.quality.scoring_sets import require_new, require_pretrained
from tests.conftest import marked

ONTONOTES = frozenset(
    ("PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "DATE", "TIME", "PERCENT", "WORK_OF_ART")
)
TECH = frozenset(("PROTOCOL", "PROGRAMMING_LANGUAGE", "HARDWARE"))
CONLL = frozenset(("PER", "LOC", "ORG", "MISC"))


@pytest.mark.parametrize(
    ("label", "labels", "expected"),
    [
        ("PER", ONTONOTES, ("PERSON",)),
        ("I-PER", ONTONOTES, ("PERSON",)),
        ("person", ONTONOTES, ("PERSON",)),
        ("Organization", ONTONOTES, ("ORG",)),
        ("GPE", CONLL, ("LOC",)),
        ("PERSON", CONLL, ("PER",)),
        ("LOCATION", ONTONOTES, ("LOC", "GPE")),
        ("MISC", ONTONOTES, ("NORP", "WORK_OF_ART")),
        ("geo", ONTONOTES, ("LOC", "GPE")),
        ("tim", ONTONOTES, ("DATE", "TIME")),
        ("Protocol", TECH, ("PROTOCOL",)),
        ("PROTOCL", TECH, ("PROTOCOL",)),
        ("LANG", TECH, ("PROGRAMMING_LANGUAGE",)),
        ("PR", TECH, ()),
        ("COLOUR", ONTONOTES, ()),
    ],
)
def test_labels_of_other_schemes_have_likely_ones_here(
    label: str, labels: frozenset[str], expected: tuple[str, ...]
) -> None:
    assert meant_ones(label, LabelScheme(labels)) == expected


def test_labels_that_the_base_model_has_not_are_refused_with_counts_and_likely_ones() -> None:
    gold = [marked("[[Ada|PER]] met [[Bo|PER]] at [[IBM|ORG]] in [[Oslo|LOC]]")]
    with pytest.raises(BatchError) as error:
        require_pretrained(gold, ("GPE", "ORG", "PERSON"))
    assert "'PER' (2 spans, PERSON is probably meant)" in str(error.value)
    assert "'LOC' (1 span, GPE is probably meant)" in str(error.value)
    assert "'ORG'" not in str(error.value)


def test_a_stated_scope_of_labels_that_the_base_model_has_not_is_refused() -> None:
    with pytest.raises(BatchError, match=r"'PER' \(0 spans, PERSON"):
        require_pretrained([Example("nobody", (), ("PER",))], ("PERSON",))


def test_gold_for_a_base_model_without_a_ner_is_refused() -> None:
    with pytest.raises(BatchError, match=r"has no `ner`.*PERSON 1"):
        require_pretrained([marked("[[Ada|PERSON]] sat")], ())


def test_gold_of_the_base_models_labels_is_taken() -> None:
    require_pretrained([marked("[[Ada|PERSON]] sat"), Example("nothing")], ("PERSON",))


def policies(**moves: object) -> Policies:
    return Policies(quality=QualityPolicy(labels=tuple(sorted(TECH))), scheme=SchemePolicy(**moves))  # type: ignore[arg-type]


def test_a_holdout_of_unknown_labels_is_refused_with_the_ones_meant() -> None:
    holdout = [marked("[[TLS|Protocol]] in [[Rust|LANG]]")]
    with pytest.raises(BatchError) as error:
        require_new(holdout, ("PERSON", "LANGUAGE"), policies())
    assert "'LANG' (1 span, PROGRAMMING_LANGUAGE is probably meant)" in str(error.value)
    assert "'Protocol' (1 span, PROTOCOL is probably meant)" in str(error.value)


@pytest.mark.parametrize("markup", ["[[Ada|PERSON]] sat", "nothing"])
def test_a_holdout_that_scores_no_new_label_is_refused(markup: str) -> None:
    with pytest.raises(BatchError, match="no span of a new label"):
        require_new([marked(markup)], ("PERSON",), policies())


def test_a_holdout_may_have_pretrained_labels_beside_the_new_and_old_names_of_them() -> None:
    require_new([marked("[[Ada|PERSON]] likes [[TLS|PROTOCOL]]")], ("PERSON",), policies())
    require_new([marked("[[TLS|PROTO]]")], ("PERSON",), policies(renamed={"PROTO": "PROTOCOL"}))


def test_a_holdout_of_retired_labels_is_refused() -> None:
    with pytest.raises(BatchError, match="'PROTOCOL'"):
        require_new([marked("[[TLS|PROTOCOL]]")], ("PERSON",), policies(retired=("PROTOCOL",)))
