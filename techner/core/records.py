"""Records of the logs: moves of an alias, words on a batch, ends of runs."""

from datetime import datetime
from enum import StrEnum

from techner.core.delivery import BatchRef
from techner.core.document import document
from techner.core.manifest import FileEntry, LabelScore
from techner.core.verdict import Verdict


@document
class Generation:
    """One move of an alias."""

    id: str
    """Random, so that a writer recognises its own record after the answer was lost."""
    alias: str
    number: int
    """Counts from 1; the key holds it too."""
    version: str
    manifest: str
    """SHA-256 of the version's manifest."""
    previous: str | None
    before: str | None
    """SHA-256 of the generation before this one, as stored; None for the first."""
    who: str
    why: str
    when: datetime
    signature: str | None = None
    """Ed25519 signature in hex, of the document with null in this place."""


class BatchWord(StrEnum):
    """`exclude` and `release` come from a person, `hold` from a rejection or a rollback."""

    EXCLUDE = "exclude"
    RELEASE = "release"
    HOLD = "hold"


class RunEnd(StrEnum):
    """How a judged run is to end, declared before it is done."""

    PUBLISH = "publish"
    REJECT = "reject"
    ABANDON = "abandon"


@document
class Decision:
    """A word on a batch, or on how a judged run ends."""

    id: str
    word: BatchWord | RunEnd
    who: str
    why: str
    when: datetime
    signature: str | None = None
    """As a generation's, for its place in the log too."""


class RunOutcome(StrEnum):
    """How a run ended."""

    PROMOTED = "promoted"
    REJECTED = "rejected"
    DRY_RUN = "dry run"
    SKIPPED = "skipped"
    """It had nothing to learn."""
    ABANDONED = "abandoned"
    """By a person, or by `gc`."""
    SUPERSEDED = "superseded"
    """Production had moved when it was to be promoted."""


@document
class Judgement:
    """One judged run, kept for people after the run's working files are gone."""

    id: str
    """The run."""
    outcome: RunOutcome
    reason: str
    production: str
    """Production when the run was planned."""
    version: str | None
    """What was published, if anything."""
    batches: tuple[BatchRef, ...]
    scores: tuple[LabelScore, ...]
    verdict: Verdict
    when: datetime
    report: FileEntry | None = None
    """The page that explains the verdict."""
    ending: str | None = None
    """Name of the log below `decisions/` that says who ended it; None where it ended by itself."""
    not_promoted: int = 0
    """How many runs up to this one the gate did not promote; older records do not count (ADR 28)."""
    signature: str | None = None
    """As a generation's, for its place in the log too."""
