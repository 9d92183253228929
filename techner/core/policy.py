"""Every figure that a team may want to change, with its default: one dataclass per section."""

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
    """What a delivery may look like, and what is reported about it."""

    section: ClassVar[str] = "quality"

    labels: Labels = TECH_LABELS
    """Labels that annotators may use in addition to the pretrained ones."""
    max_quarantine_share: Share = 0.25
    """The whole batch is rejected if a larger share of its rows is quarantined."""
    max_delivery_bytes: Annotated[int, Range(1, 1 << 30)] = 128 << 20
    """A larger file is rejected without being read."""
    max_text_chars: Annotated[int, Range(1, 1_000_000)] = 20_000
    """A row with a longer text is set aside."""
    severities: dict[str, Severity] = field(default_factory=dict)
    """Code → `critical` or `warning`, to change the severity of a check that allows it."""
    systematic_share: Share = 0.5
    """A batch with a larger share of misplaced spans is rejected: its offsets are counted otherwise."""
    min_label_spans: Number = 10
    """A label with fewer spans in a batch gets a warning: too few examples."""
    min_label_rows: Number = 50
    """A batch with fewer rows is not expected to have `min_label_spans`."""
    max_label_drift: Share = 0.3
    """Largest drift without a warning: half the sum of the differences between the label shares of the batch
    and those of what production has learnt."""
    min_name_count: AtLeastOne = 3
    """A name that is annotated at least this often is looked for in the whole batch."""
    max_missing_share: Share = 0.2
    """A name of which a larger share of occurrences is not annotated is not reported as overlooked."""
    model_rows: Number = 2000
    """At most this many rows, evenly drawn, are also read by the production model; 0: none."""
    model_words: Number = 60_000
    """At most this many words of those rows: the time depends on the words, not on the rows."""
    model_confidence: Share = 0.9
    """How sure the production model must be, from 0 to 1, for its disagreement to be reported."""

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
    """How much of each source goes into the training corpus of a night."""

    section: ClassVar[str] = "corpus"

    holdout_share: Share = 0.1
    """Share of the delivered texts that only score; set it to 0 if `init --holdout` was given a file."""
    holdout_per_label: Number = 600
    """Held-out examples kept per label; more are dropped."""
    memory_per_label: Number = 2000
    """Examples kept per label in the replay memory."""
    rehearsal_texts: Number = 12_000
    """Rehearsal texts drawn for one night; each epoch sees a different part of them."""


@document
class SchemePolicy(Checked):
    """How the labels of earlier nights are read today."""

    section: ClassVar[str] = "scheme"

    renamed: Annotated[dict[str, str], LabelNames()] = field(default_factory=dict)
    """Old name → new name: in deliveries, memory, holdout, and in the model itself."""
    retired: Labels = ()
    """Labels that deliveries must no longer use, and that the next candidate forgets."""

    @property
    def is_any(self) -> bool:
        """Whether any label is renamed or retired."""
        return bool(self.renamed or self.retired)


@document
class TrainingPolicy(Checked):
    """Hyperparameters of one uptraining. The defaults were measured: docs/explanation/benchmarks.md."""

    section: ClassVar[str] = "training"

    strategy: StrategyName = "extend"
    """`extend` adds a second `ner` for the new labels; `blend` trains one `ner` for all labels (ADR 5)."""
    seed: Seed = 0
    """Seed of everything that is drawn at random in training."""
    epochs: Annotated[int | None, Range(1, 1000)] = None
    """Passes over the new examples; null: as many as it takes to reach `presentations`."""
    presentations: AtLeastOne = 32_000
    """How many examples training presents in all, if `epochs` is null."""
    least_epochs: Passes = 4
    """Fewest passes, however many examples there are."""
    most_epochs: Passes = 40
    """Most passes, however few examples there are."""
    patience: Passes = 5
    """Stop after this many epochs without a better one on the dev part."""
    dev_share: Annotated[float, Range(0.0, 0.5)] = 0.05
    """Share of the training examples that is not trained on and chooses the best epoch; of the rehearsal
    texts, `extend` keeps four times that share apart, at most half, to see what new spans cover."""
    rehearsal_ratio: Annotated[float | None, Range(0.0, 100.0)] = None
    """Rehearsal texts per new example in each epoch; null: 0.8 for `extend`, 1 for `blend`."""
    layers: Annotated[int, Range(1, 64)] = 2
    """Encoder layers of the second `ner` (`extend`) when it is first made; at most as many as the pretrained
    one has, unless that listens to a transformer."""
    shared_tok2vec: bool = True
    """Whether the second `ner` (`extend`) also listens to a tok2vec that other components share, as in
    en_core_web_md; then services must not leave that tok2vec out."""
    dropout: Annotated[float, Range(0.0, 0.9)] = 0.15
    """Share of the activations that is dropped in training."""
    word_dropout: Annotated[float, Range(0.0, 0.9), NullMeans(0.15)] = 0.15
    """Share of the words that is hidden in each epoch, so that unseen names are found too."""
    most_covered: Share = 0.006
    """Share of the old entities, of each frequent label and of the rest, that new ones may cover (`extend`);
    more of them finds more new entities."""
    learning_rate: Annotated[float, Range(1e-6, 1.0)] = 1e-3
    """Peak learning rate; it rises during the first few per cent of the training, then falls linearly."""
    batch_words: AtLeastOne = 400
    """Words per minibatch."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.least_epochs > self.most_epochs:
            least, most = self.least_epochs, self.most_epochs
            yield "least_epochs", f"is {least}: give at most training.most_epochs, which is {most}"


@document
class GatePolicy(Checked):
    """Margins of the gate, in F1 from 0 to 1. They were measured: docs/explanation/benchmarks.md."""

    section: ClassVar[str] = "gate"

    micro_margin: Margin = 0.005
    """Largest loss of micro F1 on the pretrained labels."""
    macro_margin: Margin = 0.01
    """Largest loss of macro F1 on the pretrained labels."""
    label_margin: Margin = 0.01
    """A pretrained label fails when its loss is significantly greater than this (Holm over the labels)."""
    label_drop: Margin = 0.05
    """No label with at least `drop_support` gold spans may lose more than this."""
    drop_support: AtLeastOne = 200
    """Gold spans from which `label_drop` applies to a label."""
    min_support: AtLeastOne = 20
    """With fewer gold spans in a set, nothing can be measured and the gate asks."""
    label_support: AtLeastOne = 100
    """Pretrained labels with fewer gold spans share one check."""
    new_margin: Margin = 0.02
    """The new labels fail if they are significantly worse than in production, and by more than this."""
    new_floor: Share = 0.2
    """Lowest micro F1 on the new labels that is worth publishing."""
    flip_cap: Share = 0.05
    """Largest share of the pretrained gold spans that may be wrong now and were right before."""
    survival_floor: Share = 0.8
    """Smallest share of the origin's spans in the holdout, away from new gold, that must still be found."""
    size_cap: Annotated[float, Range(1.0, 1000.0)] = 3.0
    """Largest size of the candidate, as a multiple of the size of the origin."""
    speed_floor: Share = 0.4
    """Lowest speed of the candidate in words per second, as a share of the speed of the origin."""
    confidence: Annotated[float, Range(0.5, 0.9999)] = 0.95
    """Confidence of the intervals and tests."""
    resamples: Annotated[int, Range(100, 1_000_000)] = 1000
    """Resamples of the bootstrap."""
    seed: Seed = 0
    """Seed of the bootstrap."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        for name in ("micro_margin", "macro_margin", "label_margin"):
            # A drop of 1 allows every loss: then neither single labels nor their sum are tested.
            if self.label_drop < 1 and (margin := getattr(self, name)) >= self.label_drop:
                yield name, f"is {margin}: give less than gate.label_drop, which is {self.label_drop}"


@document
class Policies:
    """Everything that the plan of a night freezes, so that its later tasks read no settings."""

    quality: QualityPolicy = field(default_factory=QualityPolicy)
    scheme: SchemePolicy = field(default_factory=SchemePolicy)
    corpus: CorpusPolicy = field(default_factory=CorpusPolicy)
    training: TrainingPolicy = field(default_factory=TrainingPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
