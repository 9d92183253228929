"""Of a yes and a no to one run at one instant, one counts, and the other is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from techner.core.errors import IntegrityError, RegistryError
from techner.core.examples import Span
from techner.core.records import RunEnd
from techner.inbox.survey import Status, survey
from techner.night.publish import publish
from techner.night.reject import abandon, reject
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.clean_process import query_apart
from techner.runs.endings import begin, give_up
from techner.runs.judgements import Word, judgements
from tests.moves import roll_back
from tests.world import WHEN, WORD, World, quick

NO = Word(who="cli:bob", when=WHEN, why="no")
Found = list[tuple[Span, ...]]


def meanwhile(act: Callable[[], object]) -> Callable[[Path, list[str]], Found]:
    """Return a proof during which somebody else acts."""

    def query(folder: Path, texts: list[str]) -> Found:
        act()
        return query_apart(folder, texts)

    return query


def broken(folder: Path, texts: list[str]) -> Found:
    raise IntegrityError(f"{folder} does not answer {len(texts)} texts")


def outcomes(world: World) -> list[str]:
    return [record.outcome for _, record in judgements(world.store).records() if record.id == "run-2"]


def held(world: World) -> list[str]:
    states = survey(world.store, quick(), cache=world.cache)
    return [state.ref.name for state in states if state.status is Status.HELD]


def test_a_no_while_the_run_is_being_published_is_refused_and_holds_nothing(judged: World) -> None:
    def say_no() -> None:
        with pytest.raises(RegistryError, match="test began to publish run 'run-2' at 2026-11-20 02:00"):
            reject(judged.run("run-2"), NO)

    published = publish(judged.run("run-2"), WORD, query=meanwhile(say_no))
    assert Registry(judged.store).production()[0] == published
    assert outcomes(judged) == ["promoted"]
    assert held(judged) == []
    assert not list(verify_all(judged.store))


def test_a_yes_while_the_run_is_being_rejected_is_refused(judged: World) -> None:
    live, _ = Registry(judged.store).production()
    begin(judged.run("run-2"), RunEnd.REJECT, NO)
    with pytest.raises(
        RegistryError, match=r"cli:bob began to reject .* `techner run reject run-2` continues it"
    ):
        publish(judged.run("run-2"), WORD)
    reject(judged.run("run-2"), NO)
    assert Registry(judged.store).production()[0] == live
    assert outcomes(judged) == ["rejected"]
    assert held(judged) == ["second.jsonl"]


def test_what_was_interrupted_goes_on_or_is_given_up_and_ends_no_other_way(judged: World) -> None:
    live, _ = Registry(judged.store).production()
    with pytest.raises(IntegrityError):
        publish(judged.run("run-2"), WORD, query=broken)
    with pytest.raises(RegistryError, match="`techner run abandon run-2` gives it up"):
        reject(judged.run("run-2"), NO)
    with pytest.raises(IntegrityError):
        publish(judged.run("run-2"), WORD, query=broken)
    abandon(judged.run("run-2"), NO)
    assert Registry(judged.store).production()[0] == live
    assert outcomes(judged) == ["abandoned"]
    assert held(judged) == []


def test_a_run_that_was_given_up_during_the_proof_moves_nothing(judged: World) -> None:
    live, _ = Registry(judged.store).production()
    with pytest.raises(RegistryError, match="was abandoned by cli:bob"):
        publish(judged.run("run-2"), WORD, query=meanwhile(lambda: abandon(judged.run("run-2"), NO)))
    assert Registry(judged.store).production()[0] == live
    assert outcomes(judged) == ["abandoned"]


def test_a_run_that_is_given_up_again_is_told_once(judged: World) -> None:
    begin(judged.run("run-2"), RunEnd.REJECT, NO)
    give_up(judged.run("run-2"), NO)  # killed before its judgement, and done again
    said = [entry.key for entry in judged.store.list("decisions/run-")]
    give_up(judged.run("run-2"), NO)
    assert [entry.key for entry in judged.store.list("decisions/run-")] == said


def test_an_end_that_two_carry_out_at_once_is_one_promotion(judged: World) -> None:
    """The command line publishes what it approves, while the DAG goes on with the same answer."""
    made: list[str] = []
    first = publish(
        judged.run("run-2"), WORD, query=meanwhile(lambda: made.append(publish(judged.run("run-2"), WORD)))
    )
    assert [first] == made == [Registry(judged.store).production()[0]]
    assert outcomes(judged) == ["promoted"]


def test_who_is_slower_does_not_undo_a_rollback_of_what_the_other_published(judged: World) -> None:
    before, _ = Registry(judged.store).production()

    def publish_and_take_back() -> None:
        publish(judged.run("run-2"), WORD)
        roll_back(judged.run("rollback"), NO)

    with pytest.raises(RegistryError, match="is decided already"):
        publish(judged.run("run-2"), WORD, query=meanwhile(publish_and_take_back))
    assert Registry(judged.store).production()[0] == before
