"""A version and its lineage, as the registry keeps them."""

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


class Part(StrEnum):
    """Whether the base model has a label, or later versions learnt it."""

    PRETRAINED = "pretrained"
    NEW = "new"


@document
class LabelScore:
    """F1 of one label on a frozen set, beside what origin and production reach there."""

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
    """What the next night and people need, not services: memory, holdout, card, report."""
    lineage: Lineage
    scores: tuple[LabelScore, ...] = ()
    verdict: Verdict | None = None
    """None for the origin alone: nothing was trained."""

    @property
    def size_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.files)
