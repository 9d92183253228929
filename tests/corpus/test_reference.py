"""The reference set is parted once, by text alone, and never changes."""

import json
import random
import unicodedata
from dataclasses import replace

import pytest

from techner.core.errors import BatchError, IntegrityError, ObjectMissing
from techner.core.examples import Example, digest, text_key
from techner.corpus.reference import (
    PARTS,
    REGRESSION_SHARE,
    Evidence,
    Reference,
    load_reference,
    save_reference,
    split_reference,
)
from techner.store import MemoryStore, Store
from tests.conftest import marked

EXAMPLES = [marked(f"[[Zoë|PERSON]] met number {number}") for number in range(300)]


def keys(examples: tuple[Example, ...]) -> set[str]:
    return {text_key(example.text) for example in examples}


def test_parts_are_disjoint_and_whole() -> None:
    parts = split_reference(EXAMPLES)
    assert keys(parts.rehearsal) & keys(parts.regression) == set()
    assert {*parts.rehearsal, *parts.regression} == set(EXAMPLES)


def test_about_a_fifth_scores() -> None:
    assert len(split_reference(EXAMPLES).regression) == pytest.approx(
        len(EXAMPLES) * REGRESSION_SHARE, rel=0.3
    )


def test_same_examples_are_parted_the_same() -> None:
    assert split_reference(EXAMPLES) == split_reference(list(EXAMPLES))


def test_part_of_a_text_does_not_depend_on_the_others() -> None:
    some = random.Random(0).sample(EXAMPLES, 100)  # noqa: S311 - no secret
    assert keys(split_reference(some).regression) <= keys(split_reference(EXAMPLES).regression)


def test_text_repeated_with_other_case_space_or_form_counts_once() -> None:
    variants = [Example(f" {unicodedata.normalize('NFD', example.text).upper()} ") for example in EXAMPLES]
    parts = split_reference([*variants, *EXAMPLES])
    assert len(parts.rehearsal) + len(parts.regression) == len(EXAMPLES)


def test_holdout_texts_are_in_no_other_part() -> None:
    holdout = [Example(example.text.upper(), example.spans) for example in EXAMPLES[:50]]
    parts = split_reference(EXAMPLES, holdout=holdout)
    assert keys(parts.holdout) == keys(tuple(EXAMPLES[:50]))
    assert keys(parts.holdout) & (keys(parts.rehearsal) | keys(parts.regression)) == set()


def test_scoring_texts_are_those_of_regression_and_holdout() -> None:
    parts = split_reference(EXAMPLES, holdout=EXAMPLES[:50])
    assert parts.scoring_texts == keys(parts.regression) | keys(parts.holdout)


def test_reference_set_whose_texts_are_in_the_holdout_is_refused_for_that() -> None:
    with pytest.raises(BatchError, match=r"has 0 texts that are not in the holdout \(it has 300 others\)"):
        split_reference(EXAMPLES, holdout=EXAMPLES)


@pytest.mark.parametrize(
    "examples",
    [[], [Example(f"nobody met number {number}") for number in range(100)]],
    ids=["no example", "no span"],
)
def test_reference_set_without_an_entity_to_score_is_refused(examples: list[Example]) -> None:
    with pytest.raises(BatchError, match=rf"has {len(examples)} texts,.* no entity"):
        split_reference(examples)


def test_saved_reference_set_is_loaded_back_equal(store: Store) -> None:
    parts = split_reference(EXAMPLES[7:], holdout=EXAMPLES[7:20], silver=EXAMPLES[:7])
    assert load_reference(store, save_reference(store, parts)) == parts


def test_rows_that_the_base_model_labelled_are_told_apart_after_loading(store: Store) -> None:
    loaded = load_reference(store, save_reference(store, split_reference(EXAMPLES[9:], silver=EXAMPLES[:9])))
    rows = (*loaded.rehearsal, *loaded.regression)
    assert {eg.text for eg in rows if eg.is_silver} == {eg.text for eg in EXAMPLES[:9]}


def test_set_of_an_older_techner_does_not_claim_to_be_gold(store: Store) -> None:
    """It says how many rows are silver, but not which."""
    made = split_reference(EXAMPLES[9:], silver=EXAMPLES[:9])
    plain = replace(
        made,
        rehearsal=tuple(replace(eg, is_silver=False) for eg in made.rehearsal),
        regression=tuple(replace(eg, is_silver=False) for eg in made.regression),
    )
    loaded = load_reference(store, save_reference(store, plain))
    assert all(eg.is_silver for eg in (*loaded.rehearsal, *loaded.regression))


def test_saving_twice_is_saving_once(store: Store) -> None:
    first = save_reference(store, split_reference(EXAMPLES))
    before = list(store.list())
    assert save_reference(store, split_reference(EXAMPLES)) == first
    assert list(store.list()) == before


def test_interrupted_save_is_completed() -> None:
    store = MemoryStore()
    parts = split_reference(EXAMPLES)
    name = save_reference(store, parts)
    store.delete(f"reference/{name}/about.json")
    assert load_reference(store, save_reference(store, parts)) == parts


def test_other_examples_have_another_name() -> None:
    store = MemoryStore()
    assert save_reference(store, split_reference(EXAMPLES)) != save_reference(
        store, split_reference(EXAMPLES[1:])
    )


def test_absent_reference_set_is_missing(store: Store) -> None:
    with pytest.raises(ObjectMissing):
        load_reference(store, "0" * 64)


def test_an_altered_part_is_refused() -> None:
    store = MemoryStore()
    name = save_reference(store, split_reference(EXAMPLES))
    store.put(f"reference/{name}/regression.jsonl", b'{"text": "a", "entities": []}\n')
    with pytest.raises(IntegrityError, match="was altered"):
        load_reference(store, name)


def test_scoring_texts_of_an_empty_reference_are_none() -> None:
    assert Reference(rehearsal=(), regression=()).scoring_texts == frozenset()


def test_what_people_marked_counts_where_the_origin_labelled_the_text_too() -> None:
    silver = [Example(example.text) for example in EXAMPLES]
    parts = split_reference(EXAMPLES, silver=silver)
    assert {*parts.rehearsal, *parts.regression} == set(EXAMPLES)
    assert (parts.evidence.gold, parts.silver) == (len(EXAMPLES), 0)


def test_a_reference_set_knows_who_marked_what() -> None:
    silver = [marked(f"[[Oslo|GPE]] has {number}") for number in range(5)]
    evidence = split_reference(EXAMPLES, silver=silver, holdout=EXAMPLES[:3]).evidence
    assert (evidence.gold_spans, evidence.silver_spans) == ({"PERSON": 297}, {"GPE": 5})
    assert evidence.in_holdout == 3


def test_a_reference_set_of_before_evidence_was_kept_is_still_read() -> None:
    store = MemoryStore()
    parts = split_reference(EXAMPLES)
    name = save_reference(store, parts)
    files = {path: store.get(f"reference/{name}/{path}") for path in PARTS}
    about = json.loads(files["about.json"])
    del about["evidence"]
    files["about.json"] = json.dumps(about).encode()
    old = digest("".join(digest(files[path]) for path in PARTS).encode())
    for path, part in files.items():
        store.create(f"reference/{old}/{path}", part)
    assert load_reference(store, old).evidence == Evidence()
