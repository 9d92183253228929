"""A night's training corpus: new examples, replayed ones, rehearsal text; and what is kept out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from techner.core.errors import IntegrityError
from techner.core.examples import Example, text_key
from techner.core.memory import bottom_k, draw, in_holdout
from techner.core.policy import CorpusPolicy
from techner.corpus.reference import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    train: tuple[Example, ...]
    rehearsal: tuple[Example, ...]
    memory: tuple[Example, ...]
    holdout: tuple[Example, ...]
    """What the next night's candidate is scored on: grown by tonight's share, bounded."""
    scoring: tuple[Example, ...]
    """What tonight's candidate is scored on."""
    counts: dict[str, int]


def assemble(
    accepted: Iterable[Example],
    *,
    memory: tuple[Example, ...],
    holdout: tuple[Example, ...],
    reference: Reference,
    policy: CorpusPolicy,
    salt: str,
) -> Assembled:
    """Part tonight's examples into training and holdout, and add replay and rehearsal.

    A text delivered again replaces what the corpus and the memory knew of it (of two in one night, the one
    of the later batch name), but never what the holdout has: a delivery must not rewrite its judge. For the
    same reason tonight's share scores only from the next night on, save for labels nothing else measures.
    `salt` makes another night draw other rehearsal texts. Raises IntegrityError where a scoring text would be
    trained on.
    """
    accepted = list(accepted)
    replayed = by_text(memory)
    frozen = by_text(reference.holdout or holdout)
    fresh, held = _part(accepted, replayed, frozen, share=0.0 if reference.holdout else policy.holdout_share)
    train = replayed | fresh
    grown = reference.holdout or bottom_k((held | frozen).values(), per_label=policy.holdout_per_label)
    measured = {label for example in frozen.values() for label in example.labels}
    fresh_held = (eg for key, eg in held.items() if key not in frozen)
    unmeasured = (eg for eg in fresh_held if not frozen or eg.labels - measured)
    kept_out = reference.scoring_texts | frozen.keys() | held.keys()
    taken = train.keys() | kept_out
    rehearsal = draw(
        (eg for eg in reference.rehearsal if text_key(eg.text) not in taken),
        count=policy.rehearsal_texts,
        salt=salt,
    )
    refuse_leaks((*train.values(), *rehearsal), kept_out)
    return Assembled(
        train=tuple(train[key] for key in sorted(train)),
        rehearsal=rehearsal,
        memory=bottom_k(train.values(), per_label=policy.memory_per_label),
        holdout=grown,
        scoring=(*frozen.values(), *unmeasured),
        counts={
            "accepted": len(accepted),
            "repeated": len(accepted) - len(fresh) - len(held),
            "held out": len(held),
            "new": len(fresh),
            "replayed": len(train) - len(fresh),
            "rehearsal": len(rehearsal),
        },
    )


def by_text(examples: Iterable[Example]) -> dict[str, Example]:
    return {text_key(example.text): example for example in examples}


def _part(
    accepted: Iterable[Example],
    replayed: Mapping[str, Example],
    frozen: Mapping[str, Example],
    *,
    share: float,
) -> tuple[dict[str, Example], dict[str, Example]]:
    """Part into what is trained on and what is kept out of it."""
    fresh: dict[str, Example] = {}
    held: dict[str, Example] = {}
    for example in accepted:
        key = text_key(example.text)
        # Once trained on, a text scores no more, not even after the share was raised.
        scores = key in frozen or (key not in replayed and in_holdout(example, share=share))
        (held if scores else fresh)[key] = example
    return fresh, held


def refuse_leaks(training: Iterable[Example], scoring: frozenset[str]) -> None:
    """Raise IntegrityError where a text that scores the model would train it."""
    leaked = next((example for example in training if text_key(example.text) in scoring), None)
    if leaked:
        raise IntegrityError(
            f"a text of the regression set or holdout is in the training corpus: {leaked.text[:80]!r}"
        )
