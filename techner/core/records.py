"""The records of the three logs: moves of an alias, words on a batch, ends of runs."""

from datetime import datetime

from techner.core.delivery import BatchRef
from techner.core.document import document
from techner.core.manifest import FileEntry, LabelScore
from techner.core.verdict import Verdict


@document
class Generation:
    """One move of an alias."""

    id: str
    """Random: tells a writer that its own create went through after a lost answer."""
    alias: str
    number: int
    """From 1; as in the key."""
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
    """Ed25519, in hex, over the document with null in this place."""


@document
class Decision:
    """A word on a batch: a person's `exclude` or `release`, or the gate's `hold`."""

    id: str
    word: str
    who: str
    why: str
    when: datetime
    signature: str | None = None
    """As a generation's, for its place in the log too."""


@document
class Judgement:
    """One judged run, kept for people after the run's working files are gone."""

    id: str
    """The run."""
    outcome: str
    """promoted, rejected, dry run, skipped (nothing to learn), abandoned (a person's word, or `gc`'s), or
    superseded: production had moved when it was to be promoted."""
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
    signature: str | None = None
    """As a generation's, for its place in the log too."""
