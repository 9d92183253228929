"""The project's own corpus is what the README says it is."""

import json
from collections import Counter

import pytest
import spacy

from techner.core.examples import Example, text_key
from techner.core.policy import TECH_LABELS
from techner.starter import corpus_examples, slot_examples
from techner.starter.corpus import corpus_folder

TECH = frozenset(TECH_LABELS)
WRITTEN = {name: corpus_examples(name) for name in ("general", "tech_train", "tech_holdout")}
TECHNICAL = (*WRITTEN["tech_train"], *WRITTEN["tech_holdout"])


def forms(examples: tuple[Example, ...], label: str) -> set[str]:
    return {eg.text[s.start : s.end].lower() for eg in examples for s in eg.spans if s.label == label}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_span_is_whole_tokens_inside_the_text_and_none_overlap(name: str) -> None:
    tokenizer = spacy.blank("en").tokenizer
    for example in WRITTEN[name]:
        end = 0
        for span in example.spans:
            assert span.start >= end, example.text
            assert tokenizer(example.text).char_span(span.start, span.end), example.text
            end = span.end


def test_no_text_stands_twice_not_even_in_another_part() -> None:
    keys = Counter(text_key(eg.text) for examples in WRITTEN.values() for eg in examples)
    assert [key for key, number in keys.items() if number > 1] == []


def test_there_are_enough_sentences_of_each_kind() -> None:
    assert len(TECHNICAL) >= 1200
    assert len(WRITTEN["general"]) >= 1000
    both = [eg for eg in TECHNICAL if eg.labels & TECH and eg.labels - TECH]
    assert len(both) >= 150
    assert sum(len(eg.labels) > 1 for eg in TECHNICAL) >= 400


@pytest.mark.parametrize("label", TECH_LABELS)
def test_every_tech_label_has_sixty_forms_and_a_tenth_of_them_is_in_the_holdout_alone(label: str) -> None:
    everything = forms(TECHNICAL, label)
    slots = json.loads((corpus_folder() / "slots.json").read_text())
    seen = forms(WRITTEN["tech_train"], label) | {filler.lower() for filler in slots["fillers"][label]}
    assert len(everything) >= 60
    assert len(everything - seen) >= len(everything) / 10


def test_the_general_part_has_no_tech_label() -> None:
    assert not {label for eg in WRITTEN["general"] for label in eg.labels} & TECH


@pytest.mark.parametrize("kind", ["general", "tech"])
def test_slot_sentences_are_aligned_unique_and_the_same_every_time(kind: str) -> None:
    made = slot_examples(kind, 500, seed=5)
    tokenizer = spacy.blank("en").tokenizer
    assert made == slot_examples(kind, 500, seed=5)
    assert len({text_key(eg.text) for eg in made}) == 500
    for example in made:
        assert "{" not in example.text
        assert all(tokenizer(example.text).char_span(s.start, s.end) for s in example.spans)


def test_there_is_slot_text_for_the_volume_that_is_promised() -> None:
    assert len(slot_examples("tech", 3000, seed=1)) + len(slot_examples("general", 3000, seed=1)) == 6000
