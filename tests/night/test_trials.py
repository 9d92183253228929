"""Trials: a night made again with other amounts of replay leaves no trace."""

from dataclasses import replace

import pytest

from techner.core.errors import RegistryError
from techner.evaluation.replay import Source
from techner.night.trials import TrialNight, amounts_to_try, trial_night, try_out
from tests.world import World, quick, tech_batch

TEXTS, MEMORY = Source.REHEARSAL, Source.MEMORY


def objects(world: World) -> dict[str, bytes]:
    return {entry.key: world.store.get(entry.key) for entry in world.store.list()}


def test_a_trial_replays_as_much_as_asked_and_changes_nothing_in_the_store(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 240))
    before = objects(promoted)
    with trial_night(promoted.store, promoted.cache, quick(), gpu=None) as night:
        whole = night.amounts
        tried = try_out(night, {TEXTS: 50, MEMORY: whole[MEMORY] // 2}, seed=1)
    assert whole[TEXTS] == quick().corpus.rehearsal_texts
    assert tried.amounts[TEXTS] == 50
    assert 0.3 * whole[MEMORY] < tried.amounts[MEMORY] <= whole[MEMORY] // 2
    assert tried.new_f1
    assert objects(promoted) == before
    assert list(promoted.cache.glob("run-*")) == []


def test_where_no_batch_is_due_the_newest_night_is_repeated_with_todays_settings(promoted: World) -> None:
    policies = replace(quick(), corpus=replace(quick().corpus, rehearsal_texts=70))
    with trial_night(promoted.store, promoted.cache, policies, gpu=None) as night:
        assert [batch.name for batch in night.plan.batches] == ["first.jsonl"]
        assert night.amounts[TEXTS] == 70
        assert night.available > 240


def test_without_a_batch_and_a_past_night_there_is_nothing_to_try(world: World) -> None:
    with (
        pytest.raises(RegistryError, match="deliver a batch first"),
        trial_night(world.store, world.cache, quick(), gpu=None),
    ):
        pass


def test_less_of_each_is_tried_while_the_other_stays_and_twice_the_texts_if_there_are_as_many(
    promoted: World,
) -> None:
    with trial_night(promoted.store, promoted.cache, quick(), gpu=None) as found:
        night = replace(found, amounts={TEXTS: 100, MEMORY: 40}, available=200)

    def tried(night: TrialNight) -> list[tuple[int, int]]:
        return [(amounts[TEXTS], amounts[MEMORY]) for amounts in amounts_to_try(night)]

    assert tried(night) == [(100, 40), (25, 40), (50, 40), (200, 40), (100, 10), (100, 20)]
    assert (200, 40) not in tried(replace(night, available=199))
    assert tried(replace(night, amounts={TEXTS: 100, MEMORY: 0})) == [(100, 0), (25, 0), (50, 0), (200, 0)]
