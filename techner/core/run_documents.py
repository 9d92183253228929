"""Documents that the tasks of one run pass on through the store."""

from dataclasses import field
from datetime import datetime
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
    """All inputs of a run; together with the write-once parts of the store, it determines the candidate."""

    batches: tuple[BatchRef, ...]
    production: str
    origin: str
    reference: str
    policies: Policies
    dry_run: bool = False
    judged_before: int | None = None
    """Number of runs judged before: none of those judgements is about this run. None in older plans."""
    not_promoted: int = 0
    """How many of them the gate did not promote; older records do not count."""


@document
class Gone:
    """A planned batch that a night goes on without: it was not examined before it changed (ADR 63)."""

    batch: BatchRef
    why: str


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
    """Replay memory after the night."""
    holdout: FileEntry
    """Holdout after the night."""
    scoring: FileEntry
    """Examples that score the candidate's new labels."""
    counts: dict[str, int]
    """Numbers of examples: accepted, repeated, held out, new, replayed, rehearsal."""
    gone: tuple[Gone, ...] = ()
    """Planned batches that it does without."""
    made_from: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the run's documents that it was made from; `RunDocuments` fills and checks it."""


@document
class Candidate:
    """What `uptrain` made."""

    files: tuple[FileEntry, ...]
    new_labels: tuple[str, ...]
    losses: tuple[float, ...]
    """Mean loss per word, one per epoch."""
    dev_f1: tuple[float, ...] = ()
    """F1 on the dev part of the training corpus, one per epoch; empty if the corpus was too small for one."""
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


@document
class SetEvaluation:
    """Per-example counts of each system on one frozen set."""

    labels: tuple[str, ...]
    """The labels that are scored on this set."""
    systems: dict[str, tuple[dict[str, tuple[int, int, int]], ...]]
    """candidate, production, origin → label → tp, fp, fn; one row per example, in the order of the set."""
    kept: dict[str, tuple[tuple[int, int], ...]]
    """origin, production → spans worth keeping, and how many of these the candidate finds; one row per text.

    In the regression set these are the gold spans that the system gets right; in the holdout, all spans that
    the origin finds away from new gold.
    """


@document
class Progress:
    """How far a training is, for people; no document of the run is made from it."""

    epoch: int
    """The last one that has ended; 0 in the first one."""
    epochs: int
    minutes_left: float | None
    """From `when` on, at most: a training may stop before its last epoch. None while there is no telling."""
    when: datetime


@document
class Evaluation:
    """Candidate, production and origin on the same sets."""

    regression: SetEvaluation
    holdout: SetEvaluation
    production_labels: tuple[str, ...]
    """New labels of production, under today's names and without retired ones; empty on the first night."""
    lost_labels: tuple[str, ...]
    """Production labels that the candidate does not know."""
    size_bytes: dict[str, int]
    """candidate, origin → bytes of all files."""
    origin_spans: dict[str, tuple[int, int]] | None = None
    """Pretrained label → number of the origin's spans that no gold judges, and of those the candidate keeps.

    Both sets count. None in evaluations by an older techner.
    """
    is_rewritten: bool = True
    """Whether any of the candidate's pretrained components differs from the origin's."""
    made_from: dict[str, str] = field(default_factory=dict)
    """As a corpus'."""


@document
class Speed:
    """Words per second of processor time; a manifest says whether that is enough, but not the figures."""

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
    """Whether the annotators of the set marked exactly this span."""
    text: str
    """An excerpt of the example; the offsets of all spans count from its start."""
    span: Span
    readings: dict[str, tuple[Span, ...]]
    """gold, origin, production, candidate → spans."""


@document
class Changes:
    """What the candidate lost and gained, for people; only the most telling changes, these first."""

    counts: dict[str, int]
    """Numbers of all changes: `regression lost`, `regression gained`, and the same for the holdout."""
    shown: tuple[EntityChange, ...]
    by_label: dict[str, dict[str, int]] = field(default_factory=dict)
    """Label → `counts` of its changes alone, without zeros; empty in documents of an older techner."""
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
"""The page that explains a verdict, as the entry of its blob."""


@document
class Reserved:
    """The version that a run is about to point an alias at, with the manifest as it will be written."""

    version: str
    manifest: Manifest
