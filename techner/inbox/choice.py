"""The batches of a run: those that a person named, or all that are due."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from techner.core.delivery import BatchRef
from techner.core.errors import BatchError
from techner.inbox.survey import Status


class Delivered(Protocol):
    """A batch whose state was derived."""

    @property
    def ref(self) -> BatchRef: ...
    @property
    def status(self) -> Status: ...


B = TypeVar("B", bound=Delivered)


def may_be_named(state: Delivered) -> bool:
    """Tell whether a run may be started on the batch: it is due, or held."""
    return state.status.is_due or state.status is Status.HELD


def choose(
    states: Iterable[B],
    names: Collection[str],
    in_question: Mapping[str, str] = MappingProxyType({}),
) -> tuple[B, ...]:
    """Return the named batches by name, or if there is no name all that are due and not in question.

    `in_question` has digests of batches about which a run asks, each with that run. Raises BatchError for
    names that are not in the inbox, and for batches that cannot be used or are in question.
    """
    by_name = {state.ref.name: state for state in states}
    if not names:
        due = (state for state in by_name.values() if state.status.is_due)
        return tuple(state for state in due if state.ref.digest not in in_question)
    if unknown := sorted(set(names) - set(by_name)):
        listed = ", ".join(unknown)
        raise BatchError(f"not in the inbox: {listed:.500}; `techner batch list` shows what is")
    chosen = [by_name[name] for name in sorted(set(names))]
    if unfit := [state for state in chosen if not may_be_named(state)]:
        raise BatchError(f"cannot be used: {', '.join(f'{s.ref.name} ({s.status})' for s in unfit):.500}")
    if asked := [state.ref for state in chosen if state.ref.digest in in_question]:
        listed = ", ".join(ref.name for ref in asked)
        runs = ", ".join(sorted({in_question[ref.digest] for ref in asked}))
        raise BatchError(f"wait for an answer: {listed:.500}; answer or reject {runs} first")
    return tuple(chosen)
