"""Documents that pass between the tasks of one run, through the store."""

from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from techner.core.delivery import BatchRef
from techner.core.document import document
from techner.core.examples import Span
from techner.core.manifest import FileEntry, LabelScore, Manifest
from techner.core.policy import Policies
from techner.core.verdict import Verdict


@document
class Plan:
    """All inputs of a run; with the store's write-once contents it determines the candidate."""

    batches: tuple[BatchRef, ...]
    production: str
    origin: str
    reference: str
    policies: Policies
    dry_run: bool = False
    judged_before: int | None = None
    """Runs judged before it was planned: none of those judgements is about it. None in older plans."""


@document
class Corpus:
    """What `assemble` made; each part is a JSONL blob."""

    batches: tuple[BatchRef, ...]
    """Batches with at least one accepted example."""
    admissions: tuple[str, ...]
    train: FileEntry
    """New examples and replayed ones."""
    rehearsal: FileEntry
    memory: FileEntry
    """Replay memory after this night."""
    holdout: FileEntry
    """Holdout after this night."""
    scoring: FileEntry
    """What this night's candidate is scored on for the new labels."""
    counts: dict[str, int]
    """Examples: accepted, repeated, held out, new, replayed, rehearsal."""
    made_from: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the documents of the run that it was made from; `Run` fills it in and checks it."""


@document
class Candidate:
    """What `uptrain` made."""

    files: tuple[FileEntry, ...]
    new_labels: tuple[str, ...]
    losses: tuple[float, ...]
    """Mean loss a word, epoch by epoch."""
    dev_f1: tuple[float, ...] = ()
    """F1 on the dev part of the training corpus, epoch by epoch; empty where it was too small for one."""
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


@document
class SetEvaluation:
    """Per-example counts of each system on one frozen set."""

    labels: tuple[str, ...]
    """The labels that are scored on this set."""
    systems: dict[str, tuple[dict[str, tuple[int, int, int]], ...]]
    """candidate, production, origin → label → tp, fp, fn; one row an example, in the set's order."""
    kept: dict[str, tuple[tuple[int, int], ...]]
    """origin, production → spans worth keeping, and how many of them the candidate finds too; a row a text.

    In the regression set these are the gold spans that the system gets right; in the holdout, all spans that
    the origin finds away from new gold.
    """


@document
class Evaluation:
    """Candidate, production and origin on the same sets."""

    regression: SetEvaluation
    holdout: SetEvaluation
    production_labels: tuple[str, ...]
    """New labels that production knows, under today's names, without retired ones; empty on a first night."""
    lost_labels: tuple[str, ...]
    """Those of them that the candidate no longer knows."""
    size_bytes: dict[str, int]
    """candidate, origin → bytes of all files."""
    origin_spans: dict[str, tuple[int, int]] | None = None
    """Pretrained label → the origin's spans in both sets that no gold judges, and those the candidate keeps.

    None in evaluations from before they were counted.
    """
    is_rewritten: bool = True
    """Whether the candidate's pretrained components are other than the origin's."""
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


@document
class Speed:
    """Words a second of processor time: whether it was enough is in a manifest, its digits never."""

    words: int
    candidate: float
    origin: float
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""

    @property
    def ratio(self) -> float:
        return self.candidate / self.origin


class ScoringSet(StrEnum):
    """The set in whose texts an entity changed."""

    REGRESSION = "regression"
    HOLDOUT = "holdout"


class ChangeKind(StrEnum):
    LOST = "lost"
    GAINED = "gained"


@document
class EntityChange:
    """One entity that the candidate lost or gained, with the text around it as each system reads it."""

    part: ScoringSet
    kind: ChangeKind
    is_annotated: bool
    """Whether the set's annotators marked this very span."""
    text: str
    """A bounded piece of the example; all spans count from its start."""
    span: Span
    readings: dict[str, tuple[Span, ...]]
    """gold, origin, production, candidate → spans."""


@document
class Changes:
    """What the candidate lost and gained, for people; the most telling ones first, and not all of them."""

    counts: dict[str, int]
    """Of all changes: `regression lost`, `regression gained`, and the same for the holdout."""
    shown: tuple[EntityChange, ...]
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


@document
class Judged:
    """The verdict with the scores it rests on."""

    verdict: Verdict
    scores: tuple[LabelScore, ...]
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


Report: TypeAlias = FileEntry
"""The page that explains a verdict; the document says which blob it is."""


@document
class Reserved:
    """What a run is about to make an alias name: a manifest written anew may not have its old name."""

    version: str
    manifest: Manifest
