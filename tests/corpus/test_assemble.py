"""A night's corpus: what is trained, what is replayed, and what must never get in."""

import unicodedata
from collections.abc import Callable, Iterable

import pytest

from techner.core.errors import IntegrityError
from techner.core.examples import Example, text_key
from techner.core.policy import CorpusPolicy, SchemePolicy
from techner.core.sampling import in_holdout
from techner.corpus.assemble import Assembled, build_corpus, refuse_leaks
from techner.corpus.reference import Reference
from tests.conftest import marked

NEW = tuple(marked(f"café [[nginx|TOOL]] number {number}") for number in range(200))
OLD = tuple(marked(f"before [[Redis|TOOL]] number {number}") for number in range(20))
REFERENCE = Reference(
    rehearsal=tuple(Example(f"old news {number}") for number in range(100)),
    regression=(marked("[[David|PERSON]] met Zoë"), marked("[[Ann|PERSON]] left")),
)
NO_MOVES = SchemePolicy()
NO_HOLDOUT = CorpusPolicy(holdout_share=0.0)
VARIANTS: dict[str, Callable[[str], str]] = {
    "same": str,
    "case": str.upper,
    "space": lambda text: "\t" + text.replace(" ", "\u00a0 ") + "\n",
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "all": lambda text: unicodedata.normalize("NFD", text.upper()).replace(" ", "\n"),
}


def night(
    accepted: Iterable[Example] = NEW,
    *,
    memory: tuple[Example, ...] = (),
    holdout: tuple[Example, ...] = (),
    reference: Reference = REFERENCE,
    policy: CorpusPolicy = NO_HOLDOUT,
    scheme: SchemePolicy = NO_MOVES,
    salt: str = "night 1",
) -> Assembled:
    return build_corpus(
        accepted,
        memory=memory,
        holdout=holdout,
        reference=reference,
        policy=policy,
        scheme=scheme,
        salt=salt,
    )


def keys(examples: Iterable[Example]) -> set[str]:
    return {text_key(example.text) for example in examples}


def one_held_text(share: float = 0.1) -> Example:
    return next(example for example in NEW if in_holdout(example, share=share))


def test_every_new_example_is_trained_or_held_out() -> None:
    found = night(policy=CorpusPolicy())
    assert {*found.train, *found.holdout} == set(NEW)
    assert keys(found.train) & keys(found.holdout) == set()


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS.keys())
def test_text_held_out_last_night_is_not_trained_on_tonight(change: Callable[[str], str]) -> None:
    held = night(policy=CorpusPolicy()).holdout
    again = [Example(change(example.text)) for example in held]
    tonight = night([*again, *OLD], holdout=held)
    assert len(held) > 5
    assert keys(tonight.train) == keys(OLD)


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS.keys())
def test_text_of_the_regression_set_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(IntegrityError, match="is in the training corpus"):
        night([*NEW, Example(change("David met Zoë"))])


def test_leak_is_refused_wherever_it_stands() -> None:
    leak = Example("DAVID  met Zoë")
    with pytest.raises(IntegrityError, match="DAVID  met Zoë"):
        refuse_leaks([*NEW, leak, *OLD], REFERENCE.scoring_texts)


def test_corpus_without_leak_is_let_through() -> None:
    refuse_leaks(NEW, REFERENCE.scoring_texts)


def test_a_rehearsal_text_that_scores_is_left_out() -> None:
    leaking = Reference(
        rehearsal=(Example("david met zoë"), Example("rain")), regression=REFERENCE.regression
    )
    assert [example.text for example in night(reference=leaking).rehearsal] == ["rain"]


def test_a_text_in_the_memory_does_not_score_after_the_share_was_raised() -> None:
    known = marked("[[Kafka|TOOL]] again")
    found = night([known], memory=(known,), policy=CorpusPolicy(holdout_share=1.0))
    assert known in found.train
    assert known not in found.holdout


def test_leak_in_the_memory_is_refused() -> None:
    with pytest.raises(IntegrityError, match="ann left"):
        night(memory=(Example("ann left"),))


def test_reference_holdout_is_the_only_holdout_where_there_is_one() -> None:
    fixed = (marked("[[Kafka|TOOL]] alone"),)
    reference = Reference(rehearsal=REFERENCE.rehearsal, regression=REFERENCE.regression, holdout=fixed)
    found = night(reference=reference, holdout=fixed, policy=CorpusPolicy(holdout_share=0.5))
    assert found.holdout == fixed
    assert set(found.train) == set(NEW)


def test_reference_holdout_is_frozen_even_where_a_text_of_it_is_delivered() -> None:
    fixed = (marked("[[Kafka|TOOL]] alone"), marked("[[Flink|TOOL]] alone"))
    reference = Reference(rehearsal=REFERENCE.rehearsal, regression=REFERENCE.regression, holdout=fixed)
    found = night([*NEW, Example("Kafka alone")], reference=reference, holdout=fixed)
    assert found.holdout == fixed
    assert set(found.train) == set(NEW)


def test_holdout_grows_from_night_to_night() -> None:
    policy = CorpusPolicy()
    first = night(NEW[:100], policy=policy)
    second = night(NEW[100:], holdout=first.holdout, memory=first.memory, policy=policy)
    assert set(first.holdout) < set(second.holdout)
    assert set(second.holdout) == set(night(NEW, policy=policy).holdout)


def test_holdout_is_bounded() -> None:
    assert len(night(policy=CorpusPolicy(holdout_share=0.5, holdout_per_label=7)).holdout) == 7


def test_a_delivery_cannot_rewrite_the_holdout_that_judges_it() -> None:
    found = night([Example(NEW[0].text)], holdout=(NEW[0],))
    assert found.holdout == found.scoring == (NEW[0],)
    assert not found.train


def test_tonights_share_scores_from_the_next_night_on() -> None:
    found = night(holdout=OLD[:3], policy=CorpusPolicy(holdout_share=0.5))
    assert set(found.scoring) == set(OLD[:3])
    assert set(found.scoring) < set(found.holdout)


def test_tonights_share_scores_at_once_on_a_first_night_and_for_a_label_not_measured_yet() -> None:
    first = night(policy=CorpusPolicy(holdout_share=0.5))
    assert first.scoring
    assert set(first.scoring) == set(first.holdout)
    other = marked("[[Zynq|CHIP]] only")
    later = night([other], holdout=first.holdout, policy=CorpusPolicy(holdout_share=1.0))
    assert set(later.scoring) == {*first.holdout, other}


def test_memory_is_replayed() -> None:
    found = night(memory=OLD)
    assert set(found.train) == {*NEW, *OLD}
    assert found.counts["replayed"] == len(OLD)


def test_memory_has_seen_tonight_too() -> None:
    assert set(night(memory=OLD).memory) == {*NEW, *OLD}


def test_memory_is_bounded() -> None:
    assert len(night(memory=OLD, policy=CorpusPolicy(holdout_share=0.0, memory_per_label=30)).memory) == 30


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS.keys())
def test_text_delivered_again_replaces_what_the_memory_knew(change: Callable[[str], str]) -> None:
    corrected = Example(change(NEW[0].text))
    found = night([corrected], memory=NEW)
    assert corrected in found.train
    assert corrected in found.memory
    assert len(found.train) == len(found.memory) == len(NEW)


def test_text_in_two_batches_of_a_night_is_trained_once_as_last_delivered() -> None:
    corrected = Example(NEW[0].text)
    found = night([*NEW, corrected])
    assert len(found.train) == len(NEW)
    assert corrected in found.train
    assert found.counts["repeated"] == 1


def test_counts_account_for_every_accepted_example() -> None:
    counts = night([*NEW, *NEW[:5]], memory=OLD, policy=CorpusPolicy()).counts
    assert counts["accepted"] == len(NEW) + 5
    assert counts["accepted"] == counts["repeated"] + counts["held out"] + counts["new"]


def test_rehearsal_draws_the_wanted_number_of_texts() -> None:
    policy = CorpusPolicy(holdout_share=0.0, rehearsal_texts=10)
    assert len(night(policy=policy).rehearsal) == 10


def test_another_night_rehearses_other_texts() -> None:
    policy = CorpusPolicy(holdout_share=0.0, rehearsal_texts=10)
    assert set(night(policy=policy, salt="a").rehearsal) != set(night(policy=policy, salt="b").rehearsal)


def test_rehearsal_text_that_was_annotated_is_not_rehearsed_as_plain() -> None:
    annotated = marked("OLD [[news|TOOL]] 7")
    found = night([annotated])
    assert keys([annotated]) & keys(found.rehearsal) == set()
    assert annotated in found.train


def test_same_inputs_give_the_same_corpus() -> None:
    assert night(memory=OLD, policy=CorpusPolicy()) == night(memory=OLD, policy=CorpusPolicy())


def test_order_of_delivery_does_not_matter() -> None:
    assert night(reversed(NEW), memory=OLD[::-1]) == night(NEW, memory=OLD)


def test_rehearsal_text_that_is_delivered_and_held_out_does_not_stop_the_night() -> None:
    held = one_held_text()
    reference = Reference(
        rehearsal=(*REFERENCE.rehearsal, Example(held.text)), regression=REFERENCE.regression
    )
    found = night(reference=reference, policy=CorpusPolicy())
    assert held in found.holdout
    assert keys([held]) & keys((*found.train, *found.rehearsal)) == set()


def test_text_that_is_nearly_one_that_scores_is_held_out_too() -> None:
    scores = marked("café [[nginx|TOOL]] scores")
    again = marked('"CAFÉ [[nginx|TOOL]] scores."')
    made = night([*NEW, again], holdout=(scores,))
    assert again.text not in {example.text for example in made.train}
    assert again.text in {example.text for example in made.holdout}


def test_two_dresses_of_one_text_do_not_part_into_training_and_holdout() -> None:
    twice = [marked(f"{mark}café [[nginx|TOOL]] {number}") for number in range(60) for mark in ("", "- ")]
    made = night(twice, policy=CorpusPolicy(holdout_share=0.3))
    trained = {example.text.removeprefix("- ") for example in made.train}
    held = {example.text.removeprefix("- ") for example in made.holdout}
    assert held
    assert not trained & held
