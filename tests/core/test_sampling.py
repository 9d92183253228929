"""Samples are bounded and do not depend on the order or grouping of what was seen."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techner.core.examples import Example, Span
from techner.core.sampling import bottom_k, draw, in_holdout
from tests.conftest import marked

_LABELS = ("A", "B", "C")
_EXAMPLES = st.lists(
    st.builds(
        lambda number, labels: Example(
            f"{number:04d}", tuple(Span(place, place + 1, label) for place, label in enumerate(labels))
        ),
        st.integers(0, 60),
        st.lists(st.sampled_from(_LABELS), max_size=3),
    ),
    max_size=40,
)


def many(count: int, label: str = "TOOL") -> list[Example]:
    return [marked(f"[[tool|{label}]] number {number}") for number in range(count)]


@given(examples=_EXAMPLES, per_label=st.integers(1, 5), seed=st.integers(0, 99))
def test_bottom_k_does_not_depend_on_order(examples: list[Example], per_label: int, seed: int) -> None:
    shuffled = random.Random(seed).sample(examples, len(examples))  # noqa: S311 - no secret
    assert bottom_k(shuffled, per_label=per_label) == bottom_k(examples, per_label=per_label)


@given(left=_EXAMPLES, right=_EXAMPLES, per_label=st.integers(1, 5))
def test_sample_of_a_union_is_the_sample_of_the_samples(
    left: list[Example], right: list[Example], per_label: int
) -> None:
    nightly = bottom_k(left, per_label=per_label) + bottom_k(right, per_label=per_label)
    assert bottom_k(nightly, per_label=per_label) == bottom_k([*left, *right], per_label=per_label)


@given(examples=_EXAMPLES, per_label=st.integers(1, 5))
def test_bottom_k_is_bounded_by_labels(examples: list[Example], per_label: int) -> None:
    assert len(bottom_k(examples, per_label=per_label)) <= per_label * (len(_LABELS) + 1)


@given(examples=_EXAMPLES, per_label=st.integers(1, 5))
def test_bottom_k_fills_every_label_up(examples: list[Example], per_label: int) -> None:
    kept = bottom_k(examples, per_label=per_label)
    for label in _LABELS:
        seen = len({example for example in examples if label in example.labels})
        assert sum(label in example.labels for example in kept) >= min(seen, per_label)


def test_bottom_k_keeps_all_of_a_rare_label() -> None:
    rare = many(5, "RARE")
    assert set(rare) <= set(bottom_k([*many(500), *rare], per_label=10))


def test_bottom_k_keeps_some_examples_without_any_label() -> None:
    plain = [Example(f"nothing {number}") for number in range(50)]
    kept = bottom_k([*many(50), *plain], per_label=7)
    assert sum(not example.spans for example in kept) == 7


def test_bottom_k_counts_a_repeated_example_once() -> None:
    assert bottom_k(many(3) * 4, per_label=10) == bottom_k(many(3), per_label=10)


def test_draw_is_the_same_for_the_same_salt_in_any_order() -> None:
    examples = many(100)
    assert draw(reversed(examples), count=10, salt="night 1") == draw(examples, count=10, salt="night 1")


def test_draw_differs_for_another_salt() -> None:
    assert set(draw(many(100), count=10, salt="night 1")) != set(draw(many(100), count=10, salt="night 2"))


def test_draw_takes_the_count_without_repeats() -> None:
    drawn = draw(many(100), count=10, salt="s")
    assert len(set(drawn)) == len(drawn) == 10
    assert set(drawn) <= set(many(100))


def test_draw_takes_all_where_there_are_fewer() -> None:
    assert set(draw(many(3), count=10, salt="s")) == set(many(3))


def test_holdout_takes_about_its_share() -> None:
    assert 70 < sum(in_holdout(example, share=0.1) for example in many(1000)) < 130


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 200)])
def test_holdout_of_no_share_is_empty_and_of_all_is_all(share: float, expected: int) -> None:
    assert sum(in_holdout(example, share=share) for example in many(200)) == expected


def test_holdout_does_not_look_at_spans_case_or_space() -> None:
    for example in many(200):
        variant = Example(f" {example.text.upper()}  ")
        assert in_holdout(variant, share=0.5) == in_holdout(example, share=0.5)
