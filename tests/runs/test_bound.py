"""Each document of a run counts with those alone that it was made from."""

from dataclasses import replace

import pytest

from techner.core.errors import Outdated, TechnerError
from techner.core.run_documents import Candidate, Corpus, Evaluation, Judged, Plan, Report, Speed
from techner.core.verdict import Against, Check, CheckState, Outcome, Verdict
from techner.documents import canonical, dump, parse, plain
from techner.night.judge import judge
from techner.night.reject import reject
from techner.registry import Registry
from techner.runs.documents import NAMES
from techner.runs.judgements import Word, find_judged
from tests.moves import publish
from tests.nights import DOCUMENTS, rewrite
from tests.world import WHEN, WORD, World

YES = Word(who="airflow:ada", when=WHEN, why="read the examples myself", approved=True)
PASSED = Check(
    name="new micro F1", against=Against.FLOOR, rule="", baseline=None, candidate=0.9, low=None, high=None,
    margin=0.2, support=9, state=CheckState.PASSED,
)  # fmt: skip


def test_the_verdict_of_an_earlier_judgement_publishes_no_candidate_that_the_gate_rejected(
    refused: World,
) -> None:
    """The run was judged twice: first another candidate, which passed; then this one, which did not."""
    run = refused.run("run-2")
    live, _ = Registry(refused.store).production()
    now = {kind: refused.store.get(run.key(kind)) for kind in DOCUMENTS}
    candidate, judged = run.read(Candidate), run.read(Judged)
    rewrite(
        run,
        replace(candidate, losses=(9.9,)),
        replace(judged, verdict=Verdict(checks=(PASSED,))),
    )
    assert run.read(Judged).verdict.outcome is Outcome.PROMOTE
    earlier = refused.store.get(run.key(Judged))
    for kind, data in now.items():
        refused.store.put(run.key(kind), data)
    refused.store.put(run.key(Judged), earlier)
    for word in (WORD, YES):
        with pytest.raises(
            Outdated, match=r"verdict\.json of run 'run-2' was not made from the present candidate\.json"
        ):
            publish(refused.run("run-2"), word)
    assert Registry(refused.store).production()[0] == live


@pytest.mark.parametrize("kind", [kind for kind in DOCUMENTS if kind is not Judged])
def test_a_verdict_counts_with_the_very_documents_that_were_judged(judged: World, kind: type) -> None:
    live, _ = Registry(judged.store).production()
    key = judged.run("run-2").key(kind)
    judged.store.put(key, judged.store.get(key) + b"\n")  # the same to a reader, and not the same bytes
    with pytest.raises(Outdated, match=f"the present {NAMES[kind]}"):
        publish(judged.run("run-2"), WORD)
    with pytest.raises(Outdated, match=f"the present {NAMES[kind]}"):
        reject(judged.run("run-2"), WORD)
    with pytest.raises(Outdated, match=f"the present {NAMES[kind]}"):
        find_judged(judged.store, "run-2")
    assert Registry(judged.store).production()[0] == live


@pytest.mark.parametrize(("kind", "parent"), [(Corpus, Plan), (Candidate, Corpus), (Evaluation, Candidate)])
def test_a_document_made_from_another_one_is_not_read(judged: World, kind: type, parent: type) -> None:
    run = judged.run("run-2")
    key = run.key(parent)
    judged.store.put(key, judged.store.get(key) + b"\n")
    with pytest.raises(
        Outdated, match=f"{NAMES[kind]} of run 'run-2' was not made from the present {NAMES[parent]}"
    ):
        run.read(kind)


def test_judging_again_binds_the_verdict_to_what_is_there(judged: World) -> None:
    run = judged.run("run-2")
    rewrite(run, replace(run.read(Candidate), losses=(0.5,)))
    judged.store.put(run.key(Judged), dump(Judged(verdict=Verdict(checks=()), scores=())))
    judge(judged.run("run-2"))
    assert publish(judged.run("run-2"), WORD) == Registry(judged.store).production()[0]


@pytest.mark.parametrize("act", [publish, reject])
def test_an_undecided_run_of_an_older_techner_is_refused_with_what_to_do(judged: World, act: object) -> None:
    run = judged.run("run-2")
    for kind in DOCUMENTS:
        key = run.key(kind)
        older = plain(parse(kind, judged.store.get(key), where=key))
        for field in ("made_from", "judged_before"):
            older.pop(field, None)
        judged.store.put(key, canonical(older))
    with pytest.raises(TechnerError, match="techner run night --run-id run-2"):
        act(judged.run("run-2"), YES)  # type: ignore[operator]


def test_the_speed_of_another_candidate_is_no_evidence(judged: World) -> None:
    run = judged.run("run-2")
    speed = judged.store.get(run.key(Speed))
    rewrite(run, replace(run.read(Candidate), losses=(0.5,)))
    judged.store.put(run.key(Speed), speed)
    with pytest.raises(Outdated, match=r"speed\.json"):
        judge(judged.run("run-2"))


def test_the_page_of_an_open_question_is_that_of_its_verdict(judged: World) -> None:
    assert find_judged(judged.store, "run-2")[1] == judged.run("run-2").read(Report)
