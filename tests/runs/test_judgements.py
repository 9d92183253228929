"""What was decided on a run is found however many runs were judged since."""

from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import Outdated, RegistryError
from techner.core.run_documents import Judged, Plan, Report
from techner.core.verdict import Verdict
from techner.night.judge import judge
from techner.night.plan import plan
from techner.night.reject import reject
from techner.registry import Registry
from techner.runs.judgements import Word, count_not_promoted, find_judged, judgement_of, judgements
from techner.store import FolderStore
from tests.evaluation.making import LOST
from tests.moves import publish
from tests.nights import rewrite
from tests.world import WHEN, WORD, World, quick, tech_batch

MANY = 45
YES = Word(who="airflow:ada", when=WHEN, why="read the examples myself", approved=True)


class Counting(FolderStore):
    """Notes which judgements are read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[str] = []

    def get(self, key: str) -> bytes:
        if key.startswith("judgements/"):
            self.read.append(key)
        return super().get(key)


def judge_others(world: World) -> None:
    """Let many other runs be judged."""
    log = judgements(world.store)
    newest = log.newest()
    assert newest
    for number in range(MANY):
        assert log.append(replace(newest.record, id=f"other-{number}"), after=log.length())


def test_a_rejected_run_cannot_be_approved_however_many_were_judged_since(judged: World) -> None:
    live, _ = Registry(judged.store).production()
    reject(judged.run("run-2"), WORD)
    judge_others(judged)
    with pytest.raises(RegistryError, match=r"is decided already \(rejected\)"):
        publish(judged.run("run-2"), YES)
    assert Registry(judged.store).production()[0] == live


def test_a_rejected_run_of_an_older_plan_cannot_be_approved_either(judged: World) -> None:
    run = judged.run("run-2")
    reject(run, WORD)
    judge_others(judged)
    run.write(replace(run.read(Plan), judged_before=None))
    with pytest.raises(RegistryError, match=r"is decided already \(rejected\)"):
        publish(run, YES)


def test_a_run_decided_long_ago_is_recorded_once(judged: World) -> None:
    reject(judged.run("run-2"), WORD)
    judge_others(judged)
    before = judgements(judged.store).length()
    reject(judged.run("run-2"), WORD)
    assert judgements(judged.store).length() == before


def test_an_undecided_run_costs_no_look_at_earlier_judgements(judged: World) -> None:
    judge_others(judged)
    run = judged.run("run-2")
    run.write(replace(run.read(Plan), judged_before=judgements(run.store).length()))
    store = Counting(Path(judged.store.url.removeprefix("file://")))
    counted = replace(run, store=store)
    assert judgement_of(counted, counted.read(Plan)) is None
    assert store.read == []


def test_a_run_planned_anew_under_an_old_id_is_undecided_and_shows_its_own_page(judged: World) -> None:
    """A cleared DAG run keeps its id; the page of its first life would mislead the person who is asked."""
    run = judged.run("run-2")
    reject(run, WORD)
    planned = replace(run.read(Plan), judged_before=judgements(run.store).length())
    run.write(planned)
    assert judgement_of(run, planned) is None
    with pytest.raises(Outdated):  # verdict and page of its first life are still there
        find_judged(run.store, run.id)
    rewrite(run, replace(run.read(Report), path="again.html"))
    assert find_judged(run.store, run.id)[1].path == "again.html"


def test_the_next_plan_knows_how_many_candidates_the_gate_did_not_promote(judged: World) -> None:
    """Each costs a part of the error that all nights share."""
    before = count_not_promoted(judged.store)
    rewrite(judged.run("run-2"), replace(judged.run("run-2").read(Judged), verdict=Verdict(checks=(LOST,))))
    reject(judged.run("run-2"), WORD)
    assert count_not_promoted(judged.store) == before + 1
    judged.deliver("later.jsonl", tech_batch(300, 310))
    planned = plan(judged.run("run-3"), quick())
    assert planned
    assert planned.not_promoted == before + 1


def test_the_verdict_is_as_strict_as_the_plan_says(judged: World) -> None:
    before = judge(judged.run("run-2")).verdict
    run = judged.run("run-2")
    rewrite(run, replace(run.read(Plan), not_promoted=50))
    lenient, strict = (verdict.checks[0] for verdict in (before, judge(judged.run("run-2")).verdict))
    assert lenient.low is not None
    assert strict.low is not None
    assert strict.low < lenient.low


def test_a_promoted_run_costs_nothing(promoted: World) -> None:
    assert count_not_promoted(promoted.store) == 0
