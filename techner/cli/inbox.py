"""The deliveries that commands talk about."""

from techner.core.errors import BatchError
from techner.settings import Settings
from techner.stages.inbox import BatchState, survey


def states(settings: Settings) -> tuple[BatchState, ...]:
    return survey(settings.open_store(), settings.policies, cache=settings.cache)


def name_of(digest: str, settings: Settings) -> str:
    """Name a batch by its digest, which is all there is once it was taken out of the inbox."""
    return next((state.ref.name for state in states(settings) if state.ref.digest == digest), digest)


def find(found: tuple[BatchState, ...], name: str) -> BatchState:
    for state in found:
        if state.ref.name == name or (len(name) >= 6 and state.ref.digest.startswith(name)):  # noqa: PLR2004
            return state
    raise BatchError(f"no batch {name!r}; `techner batch list` shows what there is")
