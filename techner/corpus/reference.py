"""The reference set, made once by `techner init`: old-domain text to rehearse and to score."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from techner.core.document import document
from techner.core.errors import BatchError, IntegrityError, ObjectExists
from techner.core.examples import Example, digest, fold, leak_key, share_of, text_key
from techner.documents import dump, parse
from techner.formats import read_examples, write_examples
from techner.store import Store

REGRESSION_SHARE = 0.2
PARTS = ("rehearsal.jsonl", "regression.jsonl", "holdout.jsonl", "about.json")


@document
class Evidence:
    """The labels that a reference set can score, and by whose annotation; older sets have none."""

    gold: int = 0
    """Examples labelled by people."""
    gold_spans: dict[str, int] = field(default_factory=dict)
    """Pretrained label → spans that people marked."""
    silver_spans: dict[str, int] = field(default_factory=dict)
    """Pretrained label → spans that the origin marked in the silver examples."""
    not_annotated: dict[str, int] = field(default_factory=dict)
    """Pretrained label without a gold span → spans of it that the origin finds in the gold texts."""
    partly_annotated: dict[str, int] = field(default_factory=dict)
    """Pretrained label → spans of it that the origin finds in gold texts without it, more than all gold."""
    in_holdout: int = 0
    """Texts that were left out because the holdout has them."""


@document
class About:
    """What the reference set consists of."""

    rehearsal: int
    regression: int
    holdout: int
    silver: int
    """Examples labelled by the origin rather than by people."""
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Frozen for the life of an origin. The three parts share no text."""

    rehearsal: tuple[Example, ...]
    regression: tuple[Example, ...]
    holdout: tuple[Example, ...] = ()
    silver: int = 0
    evidence: Evidence = field(default_factory=Evidence)

    @cached_property
    def scoring_texts(self) -> frozenset[str]:
        return frozenset(text_key(example.text) for example in (*self.regression, *self.holdout))

    @cached_property
    def leak_keys(self) -> frozenset[str]:
        """The leak keys of the texts that score: a delivery must not have one of them."""
        return frozenset(leak_key(fold(example.text)) for example in (*self.regression, *self.holdout))


def split_reference(
    gold: Iterable[Example],
    *,
    silver: Iterable[Example] = (),
    holdout: Iterable[Example] = (),
    not_annotated: Mapping[str, int] | None = None,
    partly_annotated: Mapping[str, int] | None = None,
    expect_entities: bool = True,
) -> Reference:
    """Divide reference examples by text hash into rehearsal and regression; repeated texts count once.

    If a text is both gold and silver, the gold one counts. Raises BatchError if entities are expected and the
    regression set would have none.
    """
    frozen = {text_key(example.text): example for example in holdout}
    annotated = {text_key(example.text): example for example in gold}
    labelled = {text_key(example.text): replace(example, is_silver=True) for example in silver}
    unique = annotated | {key: example for key, example in labelled.items() if key not in annotated}
    rehearsal: list[Example] = []
    regression: list[Example] = []
    for key, example in unique.items():
        if key not in frozen:
            (regression if share_of(key, salt="regression") < REGRESSION_SHARE else rehearsal).append(example)
    if expect_entities and not any(example.spans for example in regression):
        both = len(unique.keys() & frozen.keys())
        left = f" that are not in the holdout (it has {both} others)" if both else ""
        raise BatchError(
            f"the reference set has {len(unique) - both} texts{left}, and the fifth of them that scores has "
            "no entity; give `techner init --reference` more annotated examples of the pretrained labels"
        )
    people = [example for key, example in annotated.items() if key not in frozen]
    machine = [example for key, example in unique.items() if key not in frozen and key not in annotated]
    return Reference(
        rehearsal=tuple(rehearsal),
        regression=tuple(regression),
        holdout=tuple(frozen.values()),
        silver=len(machine),
        evidence=Evidence(
            gold=len(people),
            gold_spans=_spans_by_label(people),
            silver_spans=_spans_by_label(machine),
            not_annotated=dict(sorted((not_annotated or {}).items())),
            partly_annotated=dict(sorted((partly_annotated or {}).items())),
            in_holdout=len(unique.keys() & frozen.keys()),
        ),
    )


def _spans_by_label(examples: Iterable[Example]) -> dict[str, int]:
    return dict(sorted(Counter(span.label for example in examples for span in example.spans).items()))


def save_reference(store: Store, reference: Reference) -> str:
    """Write the reference set once; returns its digest."""
    parts = {
        "rehearsal.jsonl": write_examples(reference.rehearsal),
        "regression.jsonl": write_examples(reference.regression),
        "holdout.jsonl": write_examples(reference.holdout),
        "about.json": dump(
            About(
                rehearsal=len(reference.rehearsal),
                regression=len(reference.regression),
                holdout=len(reference.holdout),
                silver=reference.silver,
                evidence=reference.evidence,
            )
        ),
    }
    name = _name(parts)
    for path, part in parts.items():
        try:
            store.create(f"reference/{name}/{path}", part)
        except ObjectExists:  # an earlier init got this far with the same bytes
            continue
    return name


def load_reference(store: Store, name: str) -> Reference:
    """Read a reference set; raises IntegrityError if its bytes do not match its name."""
    parts = {path: store.get(f"reference/{name}/{path}") for path in PARTS}
    if _name(parts) != name:
        raise IntegrityError(f"the reference set {name} in {store.url} was altered")
    rehearsal, regression, holdout = (read_examples(parts[path], where=path) for path in PARTS[:3])
    about = parse(About, parts["about.json"], where="about.json")
    if about.silver and not any(example.is_silver for example in (*rehearsal, *regression)):
        # Sets of an older techner do not tell which rows are silver.
        rehearsal, regression = (
            tuple(replace(example, is_silver=True) for example in part) for part in (rehearsal, regression)
        )
    return Reference(
        rehearsal=rehearsal,
        regression=regression,
        holdout=holdout,
        silver=about.silver,
        evidence=about.evidence,
    )


def _name(parts: Mapping[str, bytes]) -> str:
    return digest("".join(digest(parts[path]) for path in PARTS).encode())
