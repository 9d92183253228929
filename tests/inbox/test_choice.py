"""Which batches a run takes."""

import pytest

from techner.core.delivery import BatchRef
from techner.core.errors import BatchError
from techner.inbox.choice import choose
from techner.inbox.survey import BatchState, Status

STATES = tuple(
    BatchState(ref=BatchRef(name=name, digest=name * 64), status=status, report=None, decision=None)
    for name, status in zip("abcdef", Status, strict=True)
)


def chosen(*names: str) -> list[str]:
    return [state.status.value for state in choose(STATES, names)]


def test_without_a_name_all_due_batches_are_taken() -> None:
    assert chosen() == ["pending", "accepted"]


def test_a_held_batch_is_taken_where_it_is_named() -> None:
    assert chosen("c", "a", "c") == ["pending", "held"]


def test_names_that_are_not_in_the_inbox_are_told() -> None:
    with pytest.raises(BatchError, match="not in the inbox: x, y; `techner batch list` shows what is"):
        choose(STATES, ("y", "a", "x"))


def test_a_batch_about_which_a_run_asks_is_left_out() -> None:
    assert [state.ref.name for state in choose(STATES, (), in_question={"a" * 64: "night-1"})] == ["b"]


def test_a_named_batch_about_which_a_run_asks_is_refused_with_the_run() -> None:
    with pytest.raises(BatchError, match="wait for an answer: a, c; answer or reject night-1, night-2 first"):
        choose(STATES, ("a", "b", "c"), in_question={"a" * 64: "night-1", "c" * 64: "night-2"})


def test_batches_that_cannot_be_used_are_told_with_their_states() -> None:
    with pytest.raises(
        BatchError, match=r"cannot be used: d \(rejected\), e \(excluded\), f \(in production\)"
    ):
        choose(STATES, ("a", "d", "e", "f"))
