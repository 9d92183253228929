"""The deliveries that commands work on."""

from techner.core.delivery import QualityReport
from techner.core.errors import BatchError
from techner.inbox.admissions import examined
from techner.inbox.survey import BatchState, survey
from techner.settings import Settings


def states(settings: Settings) -> tuple[BatchState, ...]:
    return survey(settings.open_store(), settings.policies, cache=settings.cache)


def name_of(digest: str, settings: Settings) -> str:
    """Return the name of a batch; once it was taken out of the inbox, its digest is all there is."""
    return next((state.ref.name for state in states(settings) if state.ref.digest == digest), digest)


def find(found: tuple[BatchState, ...], name: str) -> BatchState:
    for state in found:
        if state.ref.name == name or (len(name) >= 6 and state.ref.digest.startswith(name)):  # noqa: PLR2004
            return state
    raise BatchError(f"no batch {name!r}; `techner batch list` shows all batches")


def report_of(state: BatchState, settings: Settings) -> QualityReport:
    """Return the report of a delivery; raises BatchError if these settings did not examine it."""
    found = state.report or examined(settings.open_store(), state.ref, settings.policies)
    if found is None:
        raise BatchError(
            f"{state.ref.name!r} was not examined under the present settings; the next night will examine it"
        )
    return found
