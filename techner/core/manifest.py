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
class Lineage:
    """Everything that made a version."""

    batches: tuple[BatchRef, ...] = ()
    """All batches that the model has learnt from, tonight and before."""
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
