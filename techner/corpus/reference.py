"""The reference set, made once at `techner init`: old-domain text to rehearse and to score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from techner.core.document import document
from techner.core.errors import BatchError, IntegrityError, ObjectExists
from techner.core.examples import Example, digest, share_of, text_key
from techner.documents import dump, parse
from techner.formats import read_examples, write_examples
from techner.store import Store

REGRESSION_SHARE = 0.2
PARTS = ("rehearsal.jsonl", "regression.jsonl", "holdout.jsonl", "about.json")


@document
class About:
    """Where the reference set came from."""

    rehearsal: int
    regression: int
    holdout: int
    silver: int
    """Examples labelled by the origin instead of people."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Frozen for the life of an origin. The three parts share no text."""

    rehearsal: tuple[Example, ...]
    regression: tuple[Example, ...]
    holdout: tuple[Example, ...] = ()
    silver: int = 0

    @cached_property
    def scoring_texts(self) -> frozenset[str]:
        return frozenset(text_key(example.text) for example in (*self.regression, *self.holdout))


def split_reference(
    examples: Iterable[Example],
    *,
    holdout: Iterable[Example] = (),
    silver: int = 0,
    expect_entities: bool = True,
) -> Reference:
    """Part reference examples by text hash into rehearsal and regression; repeated texts count once.

    Raises BatchError where entities are expected and the regression set would have none.
    """
    frozen = {text_key(example.text): example for example in holdout}
    unique = {text_key(example.text): example for example in examples}
    rehearsal: list[Example] = []
    regression: list[Example] = []
    for key, example in unique.items():
        if key not in frozen:
            (regression if share_of(key, salt="regression") < REGRESSION_SHARE else rehearsal).append(example)
    if expect_entities and not any(example.spans for example in regression):
        raise BatchError(
            f"the reference set has {len(unique)} texts, with no entity in the fifth of them that scores; "
            "give `techner init --reference` more annotated examples of the pretrained labels"
        )
    return Reference(
        rehearsal=tuple(rehearsal),
        regression=tuple(regression),
        holdout=tuple(frozen.values()),
        silver=silver,
    )


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
    """Read a reference set; raises IntegrityError where its bytes are not what its name says."""
    parts = {path: store.get(f"reference/{name}/{path}") for path in PARTS}
    if _name(parts) != name:
        raise IntegrityError(f"the reference set {name} in {store.url} was altered")
    rehearsal, regression, holdout = (read_examples(parts[path], where=path) for path in PARTS[:3])
    about = parse(About, parts["about.json"], where="about.json")
    return Reference(rehearsal=rehearsal, regression=regression, holdout=holdout, silver=about.silver)


def _name(parts: Mapping[str, bytes]) -> str:
    return digest("".join(digest(parts[path]) for path in PARTS).encode())
