"""Gold examples say nothing about labels that nobody looked for in them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from techner.core.examples import Example, Span
from techner.corpus.narrowing import LEAST_FOUND, SAMPLE, Narrowed, narrow, narrowed
from tests.conftest import marked

EXAMPLES = [marked(f"[[Zoë|PERSON]] met number {number}") for number in range(300)]
ZOE = (Span(0, 3, "PERSON"),)


def without(count: int) -> list[Example]:
    return [replace(example, spans=()) for example in EXAMPLES[:count]]


def test_a_label_that_only_the_origin_finds_is_out_of_the_scope_of_gold_rows() -> None:
    date = Span(13, 17, "DATE")
    gold, never, _ = narrowed(EXAMPLES[:2], [(date,), (date,)], ("DATE", "EVENT", "PERSON"))
    assert never == {"DATE": 2}
    assert [example.scope for example in gold] == [("EVENT", "PERSON")] * 2


@pytest.mark.parametrize("found", [(), ZOE], ids=["nothing", "an annotated label"])
def test_gold_of_every_label_that_the_origin_finds_stays_annotated_for_all(found: tuple[Span, ...]) -> None:
    assert narrowed(EXAMPLES[:1], [found], ("DATE", "PERSON")) == (EXAMPLES[:1], {}, {})


def test_a_scope_that_a_row_states_stays_and_says_that_the_label_was_looked_for() -> None:
    stated = replace(EXAMPLES[0], scope=("DATE", "PERSON"))
    read = narrowed([stated, EXAMPLES[1]], [(Span(4, 7, "DATE"),), ()], ("DATE", "PERSON"))
    assert read == ([stated, EXAMPLES[1]], {}, {})


def test_a_label_that_some_annotators_did_not_look_for_is_out_of_the_scope_of_their_rows() -> None:
    gold = [*EXAMPLES[200:210], *without(40)]
    read = narrowed(gold, [ZOE] * 50, ("GPE", "PERSON"))
    assert read.partly == {"PERSON": 40}
    assert [example.scope for example in read.gold] == [None] * 10 + [("GPE",)] * 40


def test_rows_in_which_the_origin_finds_nothing_stay_annotated() -> None:
    gold = [*EXAMPLES[200:210], *without(60)]
    read = narrowed(gold, [ZOE] * 40 + [()] * 30, ("GPE", "PERSON"))
    assert read.partly == {"PERSON": 30}
    assert [example.scope for example in read.gold] == [None] * 10 + [("GPE",)] * 30 + [None] * 30


def test_an_annotator_who_took_every_second_row_is_seen_in_the_sample() -> None:
    gold = [row for pair in zip(EXAMPLES * 4, without(300) * 4, strict=True) for row in pair]
    gold = [replace(row, text=f"{row.text}, {place}") for place, row in enumerate(gold)]
    gold = [row if place % 4 else replace(row, spans=()) for place, row in enumerate(gold)]
    read = narrow(gold, ("PERSON",), lambda texts: [ZOE] * len(texts))
    assert read.partly == {"PERSON": 1800}


@pytest.mark.parametrize(
    ("marked_rows", "missed"), [(LEAST_FOUND, LEAST_FOUND), (1, LEAST_FOUND - 1)], ids=["as many", "too few"]
)
def test_what_the_origin_finds_too_much_is_no_sign_of_that(marked_rows: int, missed: int) -> None:
    gold = [*EXAMPLES[200 : 200 + marked_rows], *without(missed)]
    assert narrowed(gold, [ZOE] * len(gold), ("PERSON",)).partly == {}


def test_rows_that_state_their_scope_say_that_a_label_is_absent() -> None:
    gold = [*EXAMPLES[200:210], *(replace(example, scope=("PERSON",)) for example in without(40))]
    assert narrowed(gold, [ZOE] * 50, ("PERSON",)) == (gold, {}, {})


@pytest.mark.parametrize(("unseen", "reads"), [(0, [SAMPLE]), (1000, [SAMPLE, 1200])])
def test_the_origin_reads_a_sample_and_all_rows_only_if_that_has_signs(unseen: int, reads: list[int]) -> None:
    gold = [*EXAMPLES[:100] * 12][: 1200 - unseen] + without(100) * (unseen // 100)
    seen: list[int] = []

    def find(texts: Sequence[str]) -> list[tuple[Span, ...]]:
        seen.append(len(texts))
        return [ZOE] * len(texts)

    read: Narrowed = narrow(gold, ("PERSON",), find)
    assert seen == reads
    assert read.partly == ({"PERSON": 1000} if unseen else {})
