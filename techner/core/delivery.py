"""Documents about a delivery: its name, its metadata, and what was found in it."""

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
    """Digest of the metadata that was beside it, where there was some."""


@document
class BatchMetadata:
    """What may be delivered beside a batch, as `<name>.meta.json`."""

    scope: tuple[str, ...]
    """Labels that its annotators looked for."""
    corrects: str | None = None
    """Digest of the batch whose rows, set aside there, are delivered again."""


@document
class Finding:
    """One fault of one row (1-based), or of the whole batch (row None)."""

    row: int | None
    code: str
    detail: str
    suggestion: str | None = None
    """What the annotator probably meant, where that can be told."""


@document
class Expectation:
    """What Great Expectations recorded of one expectation."""

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
    """Digest of batch, metadata, policies and reference: another policy is another admission."""
    action: Action
    reader: str | None
    read: int
    accepted: int
    quarantined: int
    rejected: int
    labels: dict[str, int]
    """Accepted spans a label."""
    scope: tuple[str, ...]
    """Labels that the annotators of the rows looked for, where a row does not state a scope of its own."""
    scope_from: Literal["delivered", "inferred"]
    """The metadata, or the labels that occur in the accepted rows."""
    corrects: str | None = None
    """Digest of the batch whose rows are delivered again."""
    own_scopes: int
    """Accepted rows with a scope of their own."""
    renamed: dict[str, int]
    """Accepted spans by the old name that they were delivered under."""
    issues: tuple[Finding, ...]
    """What set rows aside, or rejects the batch."""
    warnings: tuple[Finding, ...] = ()
    """What only informs."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Code → how many of its findings are not listed, where there are very many."""
    expectations: tuple[Expectation, ...]
