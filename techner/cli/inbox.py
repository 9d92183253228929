"""The deliveries that commands talk about."""

from techner.core.delivery import QualityReport
from techner.core.errors import BatchError
from techner.inbox.admissions import examined
from techner.inbox.survey import BatchState, survey
from techner.settings import Settings


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


def report_of(state: BatchState, settings: Settings) -> QualityReport:
    """Return the report of a delivery; raises BatchError where it was not examined as things are now."""
    found = state.report or examined(settings.open_store(), state.ref, settings.policies)
    if found is None:
        raise BatchError(f"{state.ref.name!r} was not examined under the present settings; a night does that")
    return found
