"""Deliveries that change between the plan and their examination: the night goes on without them."""

import json
from collections.abc import Callable, Iterator

import pytest

from techner.core.errors import BatchGone
from techner.core.policy import TECH_LABELS
from techner.core.run_documents import Corpus, Gone, Plan
from techner.formats import write_examples
from techner.inbox.survey import Status, survey
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.plan import plan
from techner.night.whole import Done, whole_night
from techner.registry import Registry
from techner.runs.gone import find_gone
from techner.runs.judgements import judgements
from techner.runs.report import told_report
from tests.moves import ask
from tests.world import WORD, World, quick, tech_batch

FIRST, SECOND = "inbox/first.jsonl", "inbox/second.jsonl"
SCOPE = json.dumps({"scope": TECH_LABELS}).encode()
CHANGES: dict[str, tuple[Callable[[World], None], str]] = {
    "overwritten": (
        lambda w: w.store.put(SECOND, write_examples(tech_batch(60, 90))),
        "it was overwritten after the plan",
    ),
    "half written": (
        lambda w: w.store.put(SECOND, w.store.get(SECOND)[:-20]),
        "it was overwritten after the plan",
    ),
    "removed": (lambda w: w.store.delete(SECOND), "it was removed after the plan"),
    "metadata overwritten": (
        lambda w: w.store.put(f"{SECOND}.meta.json", b'{"scope": ["PROTOCOL"]}'),
        "its metadata was overwritten after the plan",
    ),
    "metadata removed": (
        lambda w: w.store.delete(f"{SECOND}.meta.json"),
        "its metadata was removed after the plan",
    ),
}


@pytest.fixture
def delivered(world: World) -> World:
    world.deliver("first.jsonl", tech_batch(0, 30))
    world.deliver("second.jsonl", tech_batch(30, 60))
    world.store.put(f"{SECOND}.meta.json", SCOPE)
    return world


def night(world: World, then: Callable[[World], None]) -> Iterator[Done]:
    """Run a night, and do something right after its plan."""
    for done in whole_night(world.run(), quick(), lambda: WORD, query=ask):
        yield done
        if done.task == "plan":
            then(world)


def planned(world: World, run_id: str) -> list[str]:
    made = plan(world.run(run_id), quick())
    return [batch.name for batch in made.batches] if made else []


def remove_all(world: World) -> None:
    for entry in list(world.store.list("inbox/")):
        world.store.delete(entry.key)


@pytest.mark.parametrize("change", CHANGES)
def test_a_delivery_that_changes_after_the_plan_is_not_examined(change: str, delivered: World) -> None:
    run, (do, why) = delivered.run(), CHANGES[change]
    made = plan(run, quick())
    assert made is not None
    second = made.batches[1]
    do(delivered)
    with pytest.raises(BatchGone, match=f"'second.jsonl' is not what was planned: {why}"):
        admit(run, second.digest)
    assert find_gone(run, made) == (Gone(batch=second, why=why),)
    assert list(delivered.store.list("batches/")) == []
    assert ("second.jsonl" in planned(delivered, "run-2")) == (change != "removed")


def test_a_promoted_night_has_not_learnt_what_it_left_out_and_its_report_says_so(delivered: World) -> None:
    told = {done.task: done.made for done in night(delivered, CHANGES["overwritten"][0])}
    corpus = told["assemble"]
    assert isinstance(corpus, Corpus)
    assert [batch.name for batch in corpus.batches] == ["first.jsonl"]
    assert corpus.counts["accepted"] == 30
    assert "publish" in told
    manifest = Registry(delivered.store).production()[1]
    assert [batch.name for batch in manifest.lineage.batches] == ["first.jsonl"]
    report = told_report(delivered.store, "run-1").decode()
    assert "Left out: <code>second.jsonl</code> (it was overwritten after the plan)" in report
    states = survey(delivered.store, quick(), cache=delivered.cache)
    assert [state.status for state in states] == [Status.IN_PRODUCTION, Status.PENDING]


def test_a_night_whose_deliveries_are_all_gone_ends_as_one_with_nothing_to_learn(delivered: World) -> None:
    done = list(night(delivered, remove_all))
    assert [one.task for one in done] == ["plan", "admit", "admit", "skip"]
    reason = done[-1].made
    assert reason == (
        "nothing to learn: no planned batch is there any more; left out: first.jsonl (it was removed after "
        "the plan), second.jsonl (it was removed after the plan)"
    )
    (record,) = [entry.record for entry in judgements(delivered.store).records()]
    assert (record.outcome, record.reason) == ("skipped", reason)
    assert planned(delivered, "run-2") == []


def test_what_is_left_of_a_night_may_be_nothing_to_learn_for_another_reason(delivered: World) -> None:
    delivered.store.put(FIRST, b"not json\n" * 5)
    *_, last = night(delivered, CHANGES["removed"][0])
    assert str(last.made).startswith("nothing to learn: no batch was accepted")
    assert "left out: second.jsonl" in str(last.made)


def test_a_delivery_that_is_put_back_is_learnt_when_its_examination_is_tried_again(delivered: World) -> None:
    run, before = delivered.run(), delivered.store.get(SECOND)
    assert plan(run, quick())
    delivered.store.delete(SECOND)
    first, second = (batch.digest for batch in run.read(Plan).batches)
    with pytest.raises(BatchGone, match=r"'second\.jsonl' is not what was planned: it was removed"):
        admit(run, second)
    delivered.store.put(SECOND, before)
    for digest in (first, second):
        admit(run, digest)
    corpus = assemble(run)
    assert corpus is not None
    assert ([batch.name for batch in corpus.batches], corpus.gone) == (["first.jsonl", "second.jsonl"], ())


def test_a_delivery_that_changes_after_its_examination_is_learnt_as_it_was_planned(delivered: World) -> None:
    run = delivered.run()
    made = plan(run, quick())
    assert made is not None
    second = made.batches[1]
    report = admit(run, second.digest)
    remove_all(delivered)
    assert admit(run, second.digest) == report  # tried again
    assert find_gone(run, made) == ()


def test_a_run_that_is_planned_anew_does_not_leave_out_what_an_earlier_plan_missed(delivered: World) -> None:
    run = delivered.run()
    earlier = plan(run, quick())
    assert earlier is not None
    CHANGES["overwritten"][0](delivered)
    with pytest.raises(BatchGone):
        admit(run, earlier.batches[1].digest)
    anew = plan(run, quick())
    assert anew is not None
    assert (len(find_gone(run, earlier)), find_gone(run, anew)) == (1, ())
