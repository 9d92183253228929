"""Past nights: what the store's own log says of replay."""

from dataclasses import replace

import pytest

from techner.core.policy import Policies
from techner.core.run_documents import Corpus, Evaluation, Plan
from techner.evaluation.replay import Source
from techner.night.reject import reject
from techner.operate.replay import past_nights
from tests.nights import copy_night
from tests.world import POLICIES, WORD, World, quick, strict

TEXTS = Source.REHEARSAL


def texts_of(world: World, policies: Policies = POLICIES) -> list[int]:
    return [night.amounts[TEXTS] for night in past_nights(world.store, policies).comparable]


def test_the_nights_of_the_log_are_read_newest_first(promoted: World) -> None:
    copy_night(promoted, "dry-1", texts=60)
    copy_night(promoted, "dry-2", texts=30)
    assert texts_of(promoted) == [30, 60, POLICIES.corpus.rehearsal_texts]


def test_a_rejected_night_counts_too(refused: World) -> None:
    reject(refused.run("run-2"), WORD)
    assert len(past_nights(refused.store, strict()).comparable) == 1


def test_a_night_that_trained_otherwise_does_not_count_except_for_its_seed(promoted: World) -> None:
    reseeded = replace(POLICIES, training=replace(POLICIES.training, seed=7))
    assert len(past_nights(promoted.store, reseeded).comparable) == 1
    found = past_nights(promoted.store, quick())
    assert (found.comparable, found.unlike) == ((), 1)


@pytest.mark.parametrize("kind", [Plan, Corpus, Evaluation])
def test_a_night_whose_documents_are_gone_is_counted(promoted: World, kind: type) -> None:
    promoted.store.delete(promoted.run("night-1").key(kind))
    found = past_nights(promoted.store, POLICIES)
    assert (found.comparable, found.gone) == ((), 1)


def test_a_night_whose_plan_was_made_anew_is_gone(promoted: World) -> None:
    run = promoted.run("night-1")
    run.write(replace(run.read(Plan), dry_run=True))
    assert past_nights(promoted.store, POLICIES).gone == 1
