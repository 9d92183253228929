"""What the registry writes down: versions with their lineage, and the generations of an alias."""

from dataclasses import field
from datetime import datetime

from techner.core.document import document
from techner.core.verdict import Verdict


@document
class FileEntry:
    """One file of a version: a relative POSIX path and the blob it holds."""

    path: str
    sha256: str
    size_bytes: int


@document
class BatchRef:
    """One delivery: its name in the inbox and the digest of its bytes."""

    name: str
    digest: str
    metadata: str | None = None
    """Digest of the metadata that was beside it, where there was some."""


@document
class Lineage:
    """All that made a version."""

    batches: tuple[BatchRef, ...] = ()
    """Every batch the model has learnt from, this night's and all before."""
    reference: str
    """Digest of the reference set (rehearsal, regression, perhaps holdout)."""
    corpus: str | None = None
    """Digest of this night's training corpus."""
    policies: str | None = None
    """Digest of all settings of the night."""
    strategy: str | None = None
    seed: int | None = None
    code: str
    libraries: dict[str, str]


@document
class LabelScore:
    """F1 of one label on a frozen set, beside what origin and production reach there."""

    label: str
    part: str
    """pretrained or new."""
    support: int
    origin: float | None
    production: float | None
    candidate: float | None
    low: float | None
    high: float | None
    """Interval of the change from the baseline: the origin for pretrained labels, production for new ones."""


@document
class Manifest:
    """One immutable version. Holds no time and no run id: identical runs make identical manifests."""

    number: int
    """Distance from the origin."""
    parent: str | None
    origin: str | None
    """None for the origin itself."""
    base: str
    """What `techner init --base` was given."""
    pretrained_labels: tuple[str, ...]
    new_labels: tuple[str, ...]
    files: tuple[FileEntry, ...]
    """The model: what a service downloads."""
    records: dict[str, FileEntry] = field(default_factory=dict)
    """What the next night and people need, not services: memory, holdout, card, report."""
    lineage: Lineage
    scores: tuple[LabelScore, ...] = ()
    verdict: Verdict | None = None
    """None for the origin alone: nothing was trained."""

    @property
    def size_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.files)


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
