"""Documents about a delivery: its name, its metadata, and the findings in it."""

from dataclasses import field
from enum import StrEnum
from typing import Literal

from techner.core.document import document


@document
class BatchRef:
    """One delivery: its name in the inbox and the digest of its bytes."""

    name: str
    digest: str
    metadata: str | None = None
    """Digest of the metadata that was delivered with it, if any."""


@document
class BatchMetadata:
    """What may be delivered with a batch, as `<name>.meta.json`."""

    scope: tuple[str, ...]
    """Labels that its annotators looked for."""
    corrects: str | None = None
    """Digest of the batch whose quarantined rows are delivered again."""


@document
class Finding:
    """One fault of one row (1-based), or of the whole batch (row None)."""

    row: int | None
    code: str
    detail: str
    suggestion: str | None = None
    """What the annotator probably meant, if that is clear."""


@document
class Expectation:
    """What Great Expectations recorded about one expectation."""

    code: str
    severity: str
    description: str
    passed: bool
    failing: int


class Action(StrEnum):
    """What becomes of the rows of a batch."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    """Of some rows; the others are accepted."""
    REJECT = "reject"


@document
class QualityReport:
    """What every expectation found in a batch; `read = accepted + quarantined + rejected`."""

    batch: BatchRef
    admission: str
    """Digest of batch, metadata, policies and reference set: another policy gives another admission."""
    action: Action
    reader: str | None
    read: int
    accepted: int
    quarantined: int
    rejected: int
    labels: dict[str, int]
    """Accepted spans per label."""
    scope: tuple[str, ...]
    """Labels that the annotators looked for in the rows without a scope of their own."""
    scope_from: Literal["delivered", "inferred"]
    """From the metadata, or from the labels that occur in the accepted rows."""
    corrects: str | None = None
    """Digest of the batch whose rows are delivered again."""
    own_scopes: int
    """Accepted rows with a scope of their own."""
    renamed: dict[str, int]
    """Accepted spans per old label under which they were delivered."""
    issues: tuple[Finding, ...]
    """Findings that set rows aside or reject the batch."""
    warnings: tuple[Finding, ...] = ()
    """Findings that only inform."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Code → number of its findings that are not listed, if there are very many."""
    expectations: tuple[Expectation, ...]
