"""A whole night: in which order its tasks are done, and where it may be stopped and gone on with."""

import pytest

from techner.core.errors import RegistryError
from techner.core.verdict import Outcome
from techner.night.order import TASKS, end_of
from techner.night.whole import Wanted, whole_night
from techner.registry import Registry
from tests.moves import ask
from tests.world import WORD, World, quick, tech_batch


def test_every_task_is_done_in_the_order_that_all_share(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 60))
    told = [done.task for done in whole_night(world.run(), quick(), lambda: WORD, query=ask)]
    assert told == [*TASKS, "publish"]


def test_a_night_that_was_stopped_is_gone_on_with_by_its_plan(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 60))
    run = world.until("assemble", "run-1", quick())
    world.deliver("second.jsonl", tech_batch(60, 90))
    again = Wanted(resume=True)
    assert [d.task for d in whole_night(run, quick(), lambda: WORD, again, query=ask)][-1] == "publish"
    assert [batch.name for batch in Registry(world.store).production()[1].lineage.batches] == ["first.jsonl"]
    with pytest.raises(RegistryError, match="has a plan already"):
        list(whole_night(run, quick(), lambda: WORD, Wanted(resume=True, dry_run=True)))


@pytest.mark.parametrize("outcome", Outcome)
def test_a_dry_run_ends_as_one_whatever_the_verdict(outcome: Outcome) -> None:
    assert end_of(outcome, dry_run=True) == "dry_run"
