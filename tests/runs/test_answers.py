"""A person's answer is checked before it is declared, and kept where only `abandon` follows it."""

from dataclasses import replace

import pytest

from techner.core.errors import RegistryError
from techner.core.policy import Policies
from techner.core.records import RunEnd, RunOutcome
from techner.core.run_documents import Candidate, Changes, Evaluation, Judged, Plan
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.registry.blobs import save_bytes
from techner.runs.answers import answer, answered, word_of_person
from techner.runs.documents import RunDocuments
from techner.runs.endings import begin
from techner.runs.judgements import Word, judgement_on, without_verdict, write_down
from techner.store import MemoryStore
from tests.nights import corpus_of
from tests.world import WHEN

YES = Word(who="airflow:ada", when=WHEN, why="read forty examples", approved=True)
NO = Word(who="airflow:bob", when=WHEN)


def judged(state: CheckState) -> RunDocuments:
    """Return a run with a verdict of one check in this state."""
    run = RunDocuments(store=MemoryStore(), id="run-2")
    run.write(Plan(batches=(), production="p", origin="o", reference="r", policies=Policies()))
    for kind in (Candidate, Evaluation, Changes):
        run.store.put(run.key(kind), b"{}")
    entry = save_bytes(run.store, b"", path="any")
    run.write(entry)
    run.write(corpus_of(entry))
    check = Check(
        name="new micro F1",
        against=Against.FLOOR,
        rule="",
        baseline=None,
        candidate=None,
        low=None,
        high=None,
        margin=0.2,
        support=0,
        state=state,
    )
    run.write(Judged(verdict=Verdict(checks=(check,)), scores=()))
    return RunDocuments(store=run.store, id=run.id)


@pytest.fixture
def asked() -> RunDocuments:
    """Return a judged run for which evidence is missing."""
    return judged(CheckState.INSUFFICIENT)


def test_an_answer_is_read_by_whoever_carries_it_out(asked: RunDocuments) -> None:
    assert answered(asked) is None
    answer(asked, RunEnd.PUBLISH, YES)
    said = answered(asked)
    assert said is not None
    assert (said.word, said.who, said.why) == (RunEnd.PUBLISH, YES.who, YES.why)


@pytest.mark.parametrize("why", ["", " \n", "...", "\u200b"])
def test_a_yes_without_a_reason_in_words_is_not_kept(asked: RunDocuments, why: str) -> None:
    with pytest.raises(RegistryError, match="a yes needs a reason"):
        answer(asked, RunEnd.PUBLISH, replace(YES, why=why))
    assert answered(asked) is None


def test_the_first_of_two_answers_counts_and_the_second_is_told(asked: RunDocuments) -> None:
    answer(asked, RunEnd.REJECT, NO)
    with pytest.raises(RegistryError, match="airflow:bob began to reject"):
        answer(asked, RunEnd.PUBLISH, YES)
    said = answered(asked)
    assert said is not None
    assert said.word is RunEnd.REJECT


def test_a_run_about_which_nobody_is_asked_takes_no_answer() -> None:
    with pytest.raises(RegistryError, match="the gate asks nobody about run 'run-2': all 1 checks passed"):
        answer(judged(CheckState.PASSED), RunEnd.REJECT, NO)


def test_a_decided_run_takes_no_answer(asked: RunDocuments) -> None:
    plan = asked.read(Plan)
    write_down(
        asked, plan, without_verdict(asked, plan, outcome=RunOutcome.ABANDONED, reason="late", when=WHEN)
    )
    with pytest.raises(RegistryError, match="not waiting for a decision: abandoned"):
        answer(asked, RunEnd.PUBLISH, YES)


@pytest.mark.parametrize(
    ("end", "why", "told"),
    [
        (
            RunEnd.PUBLISH,
            "read forty examples",
            "by airflow:ada although insufficient: new micro F1 against floor: read forty examples",
        ),
        (RunEnd.REJECT, "", "by airflow:ada as insufficient: new micro F1 against floor"),
    ],
)
def test_the_record_of_the_run_says_who_decided_and_why(
    asked: RunDocuments, end: RunEnd, why: str, told: str
) -> None:
    answer(asked, end, replace(YES, why=why))
    outcome = RunOutcome.PROMOTED if end is RunEnd.PUBLISH else RunOutcome.REJECTED
    plan, verdict = asked.read(Plan), asked.read(Judged)
    assert judgement_on(asked, plan, verdict, outcome=outcome, version=None, when=WHEN).reason == told


def test_who_was_asked_has_the_word(asked: RunDocuments) -> None:
    assert word_of_person(asked) is None
    answer(asked, RunEnd.PUBLISH, YES)
    assert word_of_person(asked) == YES


def test_the_end_that_an_earlier_try_declared_is_no_word_of_a_person() -> None:
    run = judged(CheckState.PASSED)
    begin(run, RunEnd.PUBLISH, NO)
    assert word_of_person(run) is None
