"""Texts annotated for some labels only, and labels that were renamed, retired or not known yet."""

from dataclasses import replace

import pytest

from techner.core.examples import Example, text_key
from techner.core.policy import CorpusPolicy, SchemePolicy
from techner.corpus.assemble import Assembled, build_corpus
from techner.corpus.merge import merge
from techner.corpus.reference import Reference
from tests.conftest import marked

REFERENCE = Reference(rehearsal=(), regression=(marked("[[David|PERSON]] met Zoë"),))
MOVES = SchemePolicy(renamed={"APP": "TOOL"}, retired=("DISTRO",))
OTHER = tuple(marked(f"[[Kafka|TOOL]] number {number}") for number in range(3))


def looked_for(example: Example, *labels: str) -> Example:
    return replace(example, scope=labels)


A_TOOL = looked_for(marked("[[nginx|TOOL]] on Linux with TLS"), "TOOL")
AN_OS = looked_for(marked("nginx on [[Linux|OS]] with TLS"), "OS")


def night(
    *accepted: Example,
    memory: tuple[Example, ...] = (),
    holdout: tuple[Example, ...] = (),
    reference: Reference = REFERENCE,
    share: float = 0.0,
    scheme: SchemePolicy | None = None,
) -> Assembled:
    return build_corpus(
        accepted,
        memory=memory,
        holdout=holdout,
        reference=reference,
        policy=CorpusPolicy(holdout_share=share),
        scheme=scheme or SchemePolicy(),
        salt="night",
    )


def test_a_later_scope_adds_its_labels_to_the_earlier_ones() -> None:
    both = looked_for(marked("[[nginx|TOOL]] on [[Linux|OS]] with TLS"), "OS", "TOOL")
    assert merge(A_TOOL, AN_OS) == merge(AN_OS, A_TOOL) == both


def test_a_later_scope_replaces_the_spans_of_its_own_labels() -> None:
    earlier = looked_for(marked("[[nginx|TOOL]] on Linux with [[TLS|TOOL]]"), "TOOL")
    assert merge(earlier, A_TOOL) == A_TOOL


def test_a_later_scope_of_all_labels_replaces_everything() -> None:
    later = replace(AN_OS, scope=None)
    assert merge(A_TOOL, later) == later


def test_an_earlier_scope_of_all_labels_stays_one() -> None:
    everything = marked("[[nginx|TOOL]] on Linux with [[TLS|PROTOCOL]]")
    assert merge(everything, AN_OS) == marked("[[nginx|TOOL]] on [[Linux|OS]] with [[TLS|PROTOCOL]]")


@pytest.mark.parametrize("other", ["[[nginx on|OS]] Linux with TLS", "ng[[in|OS]]x on Linux with TLS"])
def test_an_earlier_span_goes_where_a_later_one_overlaps_it(other: str) -> None:
    later = looked_for(marked(other), "OS")
    assert merge(A_TOOL, later) == looked_for(marked(other), "OS", "TOOL")


def test_an_earlier_span_stays_where_a_later_one_touches_it() -> None:
    earlier, later = looked_for(marked("[[C|LANG]]#"), "LANG"), looked_for(marked("C[[#|SIGN]]"), "SIGN")
    assert merge(earlier, later) == looked_for(marked("[[C|LANG]][[#|SIGN]]"), "LANG", "SIGN")


def test_a_text_written_otherwise_is_replaced_whole() -> None:
    later = looked_for(marked("NGINX  on [[Linux|OS]] with TLS"), "OS")
    assert merge(A_TOOL, later) == later


def test_two_scopes_of_one_text_in_one_night_are_merged() -> None:
    found = night(A_TOOL, AN_OS)
    assert found.train == found.memory == (merge(A_TOOL, AN_OS),)
    assert found.counts["repeated"] == 1


def test_a_text_in_the_memory_gains_the_labels_of_another_scope() -> None:
    assert night(AN_OS, memory=(A_TOOL,)).memory == (merge(A_TOOL, AN_OS),)


def test_two_scopes_of_one_text_of_the_holdout_are_merged() -> None:
    found = night(A_TOOL, AN_OS, share=1.0)
    assert found.holdout == found.scoring == (merge(A_TOOL, AN_OS),)


def test_the_holdout_gains_labels_it_says_nothing_about_and_keeps_the_others() -> None:
    swapped = looked_for(marked("[[nginx|OS]] on [[Linux|OS]] with [[TLS|TOOL]]"), "OS", "TOOL")
    found = night(swapped, holdout=(A_TOOL,))
    assert found.holdout == (merge(A_TOOL, AN_OS),)


def test_a_label_that_nothing_measures_yet_scores_at_once_in_a_text_of_the_holdout() -> None:
    assert night(AN_OS, holdout=(A_TOOL,)).scoring == (merge(A_TOOL, AN_OS),)


def test_a_label_that_is_measured_scores_in_a_text_of_the_holdout_from_the_next_night_on() -> None:
    measures = looked_for(marked("[[Debian|OS]] only"), "OS")
    found = night(AN_OS, holdout=(A_TOOL, measures))
    assert set(found.scoring) == {A_TOOL, measures}
    assert set(found.holdout) == {merge(A_TOOL, AN_OS), measures}


def test_a_holdout_given_at_init_gains_nothing() -> None:
    reference = replace(REFERENCE, holdout=(A_TOOL,))
    found = night(AN_OS, reference=reference)
    assert found.holdout == found.scoring == (A_TOOL,)


def test_memory_and_holdout_keep_their_scope() -> None:
    examples = [looked_for(marked(f"[[nginx|TOOL]] number {n}"), "OS", "TOOL") for n in range(40)]
    found = night(*examples, share=0.5)
    assert {example.scope for example in (*found.memory, *found.holdout)} == {("OS", "TOOL")}
    assert len(found.memory) + len(found.holdout) == 40


def test_a_label_that_first_appears_tonight_is_not_in_the_scope_of_earlier_examples() -> None:
    found = night(looked_for(marked("a [[Zynq|CHIP]]"), "CHIP"), memory=(A_TOOL,))
    assert next(example for example in found.train if example.text == A_TOOL.text).scope == ("TOOL",)


def test_a_pretrained_label_in_a_delivery_stays_in_the_memory_with_its_scope() -> None:
    with_org = looked_for(marked("[[nginx|TOOL]] by [[F5|ORG]]"), "ORG", "TOOL")
    assert night(with_org).memory == (with_org,)


@pytest.mark.parametrize("part", ["memory", "holdout"])
def test_a_renamed_label_is_renamed_in_what_is_kept(part: str) -> None:
    kept = (looked_for(marked("[[nginx|APP]] on Linux"), "APP"),)
    found = night(*OTHER, scheme=MOVES, **{part: kept})  # type: ignore[arg-type]
    assert looked_for(marked("[[nginx|TOOL]] on Linux"), "TOOL") in getattr(found, part)


@pytest.mark.parametrize("part", ["memory", "holdout"])
def test_a_retired_label_leaves_what_is_kept(part: str) -> None:
    kept = (looked_for(marked("[[nginx|TOOL]] on [[Debian|DISTRO]]"), "DISTRO", "TOOL"),)
    found = night(*OTHER, scheme=MOVES, **{part: kept})  # type: ignore[arg-type]
    assert looked_for(marked("[[nginx|TOOL]] on Debian"), "TOOL") in getattr(found, part)


@pytest.mark.parametrize("part", ["memory", "holdout"])
def test_a_text_that_only_retired_labels_were_looked_for_in_is_kept_no_longer(part: str) -> None:
    kept = (looked_for(marked("on [[Debian|DISTRO]]"), "DISTRO"),)
    found = night(*OTHER, scheme=MOVES, **{part: kept})  # type: ignore[arg-type]
    assert text_key("on Debian") not in {text_key(example.text) for example in getattr(found, part)}


def test_a_holdout_given_at_init_is_read_under_todays_names() -> None:
    reference = replace(REFERENCE, holdout=(marked("[[nginx|APP]] on [[Debian|DISTRO]]"),))
    found = night(*OTHER, reference=reference, scheme=MOVES)
    assert found.holdout == found.scoring == (marked("[[nginx|TOOL]] on Debian"),)


def test_a_renamed_text_of_the_holdout_is_still_kept_out_of_training() -> None:
    kept = looked_for(marked("[[nginx|APP]] on Linux"), "APP")
    found = night(*OTHER, marked("nginx on Linux"), holdout=(kept,), scheme=MOVES)
    assert text_key(kept.text) not in {text_key(example.text) for example in found.train}
