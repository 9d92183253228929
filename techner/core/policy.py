"""Every figure that a team may want to change, with its default: one dataclass a room."""

from dataclasses import field

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


@document
class QualityPolicy:
    """What a batch may look like."""

    labels: tuple[str, ...] = TECH_LABELS
    """Labels that annotators may use beside the pretrained ones."""
    max_quarantine_share: float = 0.25
    """Above this share of quarantined rows the whole batch is rejected."""
    max_text_chars: int = 20_000
    severities: dict[str, Severity] = field(default_factory=dict)
    """Code → `critical` or `warning`, where it shall weigh otherwise than `core/codes.py` says."""
    systematic_share: float = 0.5
    """Above this share of misplaced spans the offsets are counted otherwise, and the batch is rejected."""
    min_label_spans: int = 10
    """A label with fewer spans in a batch has too few examples, a warning."""
    min_label_rows: int = 50
    """Batches with fewer rows are not asked for so many."""
    max_label_drift: float = 0.3
    """Half the sum of the differences in label shares to what production has learnt; above it, a warning."""
    min_name_count: int = 3
    """A name that is annotated so often is looked for in the whole batch."""
    max_missing_share: float = 0.2
    """Where more of its occurrences are not annotated, that is no oversight: not mentioned."""
    model_rows: int = 2000
    """So many rows at most, evenly drawn, are read by the production model too; 0: none."""
    model_confidence: float = 0.9
    """Where it contradicts the annotators and is at least so sure (0 to 1), that is mentioned."""

    def __post_init__(self) -> None:
        """Refuse what would let everything through, and a severity for what has none."""
        for name in (
            "max_quarantine_share",
            "systematic_share",
            "max_label_drift",
            "max_missing_share",
            "model_confidence",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}: a share lies between 0 and 1")
        for code in self.severities:
            if code not in CODES:
                raise ValueError(f"severities: there is no code {code!r}; there are {', '.join(CODES)}")
            if CODES[code].is_fixed:
                raise ValueError(f"severities: {code!r} is always {CODES[code].severity}: leave it out")

    def severity(self, code: str) -> Severity:
        return self.severities.get(code) or CODES[code].severity


@document
class CorpusPolicy:
    """How much of what goes into a night's training corpus."""

    holdout_share: float = 0.1
    """Share of the delivered texts that only score; 0 is right where `init --holdout` gave a set."""
    holdout_per_label: int = 600
    memory_per_label: int = 2000
    rehearsal_texts: int = 12_000
    """Rehearsal texts drawn for one night; every epoch sees others of them."""


@document
class SchemePolicy:
    """How labels of earlier nights are read today."""

    renamed: dict[str, str] = field(default_factory=dict)
    """Old name → new name: in deliveries, memory, holdout, and in the model itself."""
    retired: tuple[str, ...] = ()
    """Labels that deliveries may not use any more and the next candidate forgets."""

    @property
    def is_any(self) -> bool:
        """Whether any label moves at all."""
        return bool(self.renamed or self.retired)


@document
class TrainingPolicy:
    """Hyperparameters of one uptraining; defaults from the measurements in docs/adr/0005."""

    strategy: str = "extend"
    """`extend` or `blend`; docs/adr/0005 says when."""
    seed: int = 0
    epochs: int | None = None
    """Passes over the new examples; None: as many as make `presentations`, within the two bounds below."""
    presentations: int = 32_000
    least_epochs: int = 4
    most_epochs: int = 40
    patience: int = 5
    """Stop after so many epochs without a better one on the dev part."""
    dev_share: float = 0.05
    """Share of the training examples that only tells epochs apart."""
    rehearsal_ratio: float | None = None
    """Rehearsal texts an epoch, for each new example; None: 0.4 for extend, 1 for blend."""
    layers: int = 2
    """Encoder layers of the second `ner` (extend) when it is first made; at most the pretrained one's."""
    dropout: float = 0.15
    word_dropout: float | None = None
    """Share of the words that are hidden in an epoch, so that unseen names are found too; None: 0.15."""
    learning_rate: float = 1e-3
    """At its peak; it rises in the first few per cent of the training and decays linearly."""
    batch_words: int = 400


@document
class GatePolicy:
    """Margins of the gate, in F1 between 0 and 1; measured in docs/adr/0007."""

    micro_margin: float = 0.005
    macro_margin: float = 0.01
    label_margin: float = 0.01
    """A pretrained label fails when its loss is significantly greater than this (Holm over the labels)."""
    label_drop: float = 0.05
    """No label with `drop_support` gold spans may have lost more than this."""
    drop_support: int = 200
    min_support: int = 20
    """With fewer gold spans in a set nothing is measured: the gate asks."""
    label_support: int = 100
    """Pretrained labels with fewer gold spans are pooled into one check."""
    new_margin: float = 0.02
    """The new labels fail when they are surely worse than production's, and by more than this."""
    new_floor: float = 0.2
    """The least micro F1 on the new labels that is worth publishing."""
    flip_cap: float = 0.05
    """Greatest share of the pretrained gold spans that were right before and are wrong now."""
    survival_floor: float = 0.8
    """Least share of the origin's spans that are still found in the holdout's texts, away from new gold."""
    size_cap: float = 3.0
    """The candidate's bytes over the origin's."""
    speed_floor: float = 0.4
    """The candidate's words per second over the origin's."""
    confidence: float = 0.95
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what would make every check pass, or none computable."""
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence is {self.confidence}: it lies between 0 and 1, both excluded")
        for name in ("min_support", "label_support", "resamples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: at least 1, or an empty set is evidence")


@document
class Policies:
    """All that a night's plan freezes, so that its later tasks read no settings."""

    quality: QualityPolicy = field(default_factory=QualityPolicy)
    scheme: SchemePolicy = field(default_factory=SchemePolicy)
    corpus: CorpusPolicy = field(default_factory=CorpusPolicy)
    training: TrainingPolicy = field(default_factory=TrainingPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
