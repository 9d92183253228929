"""A version and its lineage, as the registry stores them."""

from dataclasses import field
from enum import StrEnum

from techner.core.delivery import BatchRef
from techner.core.document import document
from techner.core.verdict import Verdict


@document
class FileEntry:
    """One file of a version: a relative POSIX path and the blob it holds."""

    path: str
    sha256: str
    size_bytes: int


@document
class LineagePart:
    """A blob with batches that a version and its ancestors have learnt; all later versions share it."""

    sha256: str
    size_bytes: int
    batches: int
    """How many it lists."""


@document
class LineageBatches:
    """What the blob of a part holds."""

    batches: tuple[BatchRef, ...]


@document
class Lineage:
    """Everything that made a version."""

    parts: tuple[LineagePart, ...] = ()
    """What the model had learnt before `batches`, oldest first (ADR 55)."""
    batches: tuple[BatchRef, ...] = ()
    """The newest batches that the model has learnt from; `techner.registry.lineage.learnt` returns all."""
    reference: str
    """Digest of the reference set (rehearsal, regression, perhaps holdout)."""
    corpus: str | None = None
    """Digest of the night's training corpus."""
    policies: str | None = None
    """Digest of all settings of the night."""
    strategy: str | None = None
    seed: int | None = None
    code: str
    libraries: dict[str, str]

    @property
    def batch_count(self) -> int:
        """How many batches the model has learnt from, tonight and before."""
        return sum(part.batches for part in self.parts) + len(self.batches)

    @property
    def part_files(self) -> tuple[FileEntry, ...]:
        """The blobs of the parts, each with a name for messages."""
        return tuple(
            FileEntry(path=f"lineage/{number}.json", sha256=part.sha256, size_bytes=part.size_bytes)
            for number, part in enumerate(self.parts, start=1)
        )


class Part(StrEnum):
    """Whether the base model has a label, or later versions learnt it."""

    PRETRAINED = "pretrained"
    NEW = "new"


@document
class LabelScore:
    """F1 of one label on a frozen set, from 0 to 1, of origin, production and candidate."""

    label: str
    part: Part
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
    """What the next night and people need, but services do not: memory, holdout, card, report."""
    lineage: Lineage
    scores: tuple[LabelScore, ...] = ()
    verdict: Verdict | None = None
    """None only for the origin, which was not trained."""

    @property
    def size_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.files)

    @property
    def blobs(self) -> tuple[tuple[str, FileEntry], ...]:
        """Everything that the version needs, each by the name that messages call it."""
        return (
            *((entry.path, entry) for entry in self.files),
            *self.records.items(),
            *((entry.path, entry) for entry in self.lineage.part_files),
        )
