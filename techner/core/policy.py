"""Every figure that a team may want to change, with its default: one dataclass a room."""

from collections.abc import Iterator
from dataclasses import field
from typing import Annotated, ClassVar

from techner.core.bounds import Checked, LabelNames, NullMeans, OneOf, Range
from techner.core.codes import CODES, Severity
from techner.core.document import document

TECH_LABELS = (
    "ALGORITHM_MODEL",
    "CYBERSECURITY_TERM",
    "FILE_FORMAT",
    "FRAMEWORK_LIBRARY",
    "HARDWARE",
    "PROGRAMMING_LANGUAGE",
    "PROTOCOL",
)
StrategyName = Annotated[str, OneOf(("extend", "blend"))]
Labels = Annotated[tuple[str, ...], LabelNames()]
Share = Annotated[float, Range(0.0, 1.0)]
Margin = Annotated[float, Range(0.0, 1.0, "; a point of F1 is 0.01")]
Number = Annotated[int, Range(0, 10**9)]
AtLeastOne = Annotated[int, Range(1, 10**9)]
Passes = Annotated[int, Range(1, 1000)]
Seed = Annotated[int, Range(0, 2**32 - 1)]


@document
class QualityPolicy(Checked):
    """What a batch may look like."""

    room: ClassVar[str] = "quality"

    labels: Labels = TECH_LABELS
    """Labels that annotators may use beside the pretrained ones."""
    max_quarantine_share: Share = 0.25
    """Above this share of quarantined rows the whole batch is rejected."""
    max_delivery_bytes: Annotated[int, Range(1, 1 << 30)] = 128 << 20
    """A larger file is not read."""
    max_text_chars: Annotated[int, Range(1, 1_000_000)] = 20_000
    severities: dict[str, Severity] = field(default_factory=dict)
    """Code → `critical` or `warning`, where it shall weigh otherwise than `core/codes.py` says."""
    systematic_share: Share = 0.5
    """Above this share of misplaced spans the offsets are counted otherwise, and the batch is rejected."""
    min_label_spans: Number = 10
    """A label with fewer spans in a batch has too few examples, a warning."""
    min_label_rows: Number = 50
    """Batches with fewer rows are not asked for so many."""
    max_label_drift: Share = 0.3
    """Half the sum of the differences in label shares to what production has learnt; above it, a warning."""
    min_name_count: AtLeastOne = 3
    """A name that is annotated so often is looked for in the whole batch."""
    max_missing_share: Share = 0.2
    """Where more of its occurrences are not annotated, that is no oversight: not mentioned."""
    model_rows: Number = 2000
    """So many rows at most, evenly drawn, are read by the production model too; 0: none."""
    model_words: Number = 60_000
    """So many words of them at most: long texts take the model longer, not rows."""
    model_confidence: Share = 0.9
    """Where it contradicts the annotators and is at least so sure (0 to 1), that is mentioned."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        for code in self.severities:
            if code not in CODES:
                yield "severities", f"names the code {code!r}: give one of {', '.join(CODES)}"
            elif CODES[code].is_fixed:
                yield "severities", f"names {code!r}, which is always {CODES[code].severity}: leave it out"

    def severity(self, code: str) -> Severity:
        return self.severities.get(code) or CODES[code].severity


@document
class CorpusPolicy(Checked):
    """How much of what goes into a night's training corpus."""

    room: ClassVar[str] = "corpus"

    holdout_share: Share = 0.1
    """Share of the delivered texts that only score; 0 is right where `init --holdout` gave a set."""
    holdout_per_label: Number = 600
    memory_per_label: Number = 2000
    rehearsal_texts: Number = 12_000
    """Rehearsal texts drawn for one night; every epoch sees others of them."""


@document
class SchemePolicy(Checked):
    """How labels of earlier nights are read today."""

    room: ClassVar[str] = "scheme"

    renamed: Annotated[dict[str, str], LabelNames()] = field(default_factory=dict)
    """Old name → new name: in deliveries, memory, holdout, and in the model itself."""
    retired: Labels = ()
    """Labels that deliveries may not use any more and the next candidate forgets."""

    @property
    def is_any(self) -> bool:
        """Whether any label moves at all."""
        return bool(self.renamed or self.retired)


@document
class TrainingPolicy(Checked):
    """Hyperparameters of one uptraining; defaults from the measurements in docs/benchmarks.md."""

    room: ClassVar[str] = "training"

    strategy: StrategyName = "extend"
    """`extend` or `blend`; docs/adr/0005 says when."""
    seed: Seed = 0
    epochs: Annotated[int | None, Range(1, 1000)] = None
    """Passes over the new examples; None: as many as make `presentations`, within the two bounds below."""
    presentations: AtLeastOne = 32_000
    least_epochs: Passes = 4
    most_epochs: Passes = 40
    patience: Passes = 5
    """Stop after so many epochs without a better one on the dev part."""
    dev_share: Annotated[float, Range(0.0, 0.5)] = 0.05
    """Share of the training examples that only tells epochs apart."""
    rehearsal_ratio: Annotated[float | None, Range(0.0, 100.0)] = None
    """Rehearsal texts an epoch, for each new example; None: 0.4 for extend, 1 for blend."""
    layers: Annotated[int, Range(1, 64)] = 2
    """Encoder layers of the second `ner` (extend) when it is first made; at most the pretrained one's."""
    dropout: Annotated[float, Range(0.0, 0.9)] = 0.15
    word_dropout: Annotated[float, Range(0.0, 0.9), NullMeans(0.15)] = 0.15
    """Share of the words that are hidden in an epoch, so that unseen names are found too."""
    learning_rate: Annotated[float, Range(1e-6, 1.0)] = 1e-3
    """At its peak; it rises in the first few per cent of the training and decays linearly."""
    batch_words: AtLeastOne = 400

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.least_epochs > self.most_epochs:
            least, most = self.least_epochs, self.most_epochs
            yield "least_epochs", f"is {least}: give at most training.most_epochs, which is {most}"


@document
class GatePolicy(Checked):
    """Margins of the gate, in F1 between 0 and 1; measured in docs/benchmarks.md."""

    room: ClassVar[str] = "gate"

    micro_margin: Margin = 0.005
    macro_margin: Margin = 0.01
    label_margin: Margin = 0.01
    """A pretrained label fails when its loss is significantly greater than this (Holm over the labels)."""
    label_drop: Margin = 0.05
    """No label with `drop_support` gold spans may have lost more than this."""
    drop_support: AtLeastOne = 200
    min_support: AtLeastOne = 20
    """With fewer gold spans in a set nothing is measured: the gate asks."""
    label_support: AtLeastOne = 100
    """Pretrained labels with fewer gold spans are pooled into one check."""
    new_margin: Margin = 0.02
    """The new labels fail when they are surely worse than production's, and by more than this."""
    new_floor: Share = 0.2
    """The least micro F1 on the new labels that is worth publishing."""
    flip_cap: Share = 0.05
    """Greatest share of the pretrained gold spans that were right before and are wrong now."""
    survival_floor: Share = 0.8
    """Least share of the origin's spans that are still found in the holdout's texts, away from new gold."""
    size_cap: Annotated[float, Range(1.0, 1000.0)] = 3.0
    """The candidate's bytes over the origin's."""
    speed_floor: Share = 0.4
    """The candidate's words per second over the origin's."""
    confidence: Annotated[float, Range(0.5, 0.9999)] = 0.95
    resamples: Annotated[int, Range(100, 1_000_000)] = 1000
    seed: Seed = 0

    def contradictions(self) -> Iterator[tuple[str, str]]:
        for name in ("micro_margin", "macro_margin", "label_margin"):
            # A drop of 1 is every loss: then nothing is asked of single labels, nor of what they add up to.
            if self.label_drop < 1 and (margin := getattr(self, name)) >= self.label_drop:
                yield name, f"is {margin}: give less than gate.label_drop, which is {self.label_drop}"


@document
class Policies:
    """All that a night's plan freezes, so that its later tasks read no settings."""

    quality: QualityPolicy = field(default_factory=QualityPolicy)
    scheme: SchemePolicy = field(default_factory=SchemePolicy)
    corpus: CorpusPolicy = field(default_factory=CorpusPolicy)
    training: TrainingPolicy = field(default_factory=TrainingPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
