"""The batches of a run: those that a person named, or all that are due."""

from collections.abc import Collection, Iterable

from techner.core.errors import BatchError
from techner.inbox.survey import BatchState, Status


def may_be_named(state: BatchState) -> bool:
    """Tell whether a run may be started on the batch: it is due, or held."""
    return state.is_due or state.status is Status.HELD


def choose(states: Iterable[BatchState], names: Collection[str]) -> tuple[BatchState, ...]:
    """Return the named batches by name, or if there is no name all that are due.

    Raises BatchError for names that are not in the inbox, and for batches that cannot be used.
    """
    by_name = {state.ref.name: state for state in states}
    if not names:
        return tuple(state for state in by_name.values() if state.is_due)
    if unknown := sorted(set(names) - set(by_name)):
        listed = ", ".join(unknown)
        raise BatchError(f"not in the inbox: {listed:.500}; `techner batch list` shows what is")
    chosen = [by_name[name] for name in sorted(set(names))]
    if unfit := [state for state in chosen if not may_be_named(state)]:
        raise BatchError(f"cannot be used: {', '.join(f'{s.ref.name} ({s.status})' for s in unfit):.500}")
    return tuple(chosen)
