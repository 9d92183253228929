"""A night's training corpus: new examples, replayed ones, rehearsal text; and what is kept out of it."""

from collections.abc import Iterable
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
    """Grown by this night's share, bounded; the reference set's own where it has one."""
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

    A text delivered again replaces what was known of it, in the corpus and in the memory. `salt` makes
    another night draw other rehearsal texts. Raises IntegrityError where a scoring text would be trained on.
    """
    accepted = list(accepted)
    share = 0.0 if reference.holdout else policy.holdout_share
    replayed = {text_key(example.text): example for example in memory}
    held_texts = {text_key(example.text) for example in holdout}
    fresh: dict[str, Example] = {}
    held: dict[str, Example] = {}
    for example in accepted:
        key = text_key(example.text)
        # Once trained on, a text scores no more, not even after the share was raised.
        scores = key in held_texts or (key not in replayed and in_holdout(example, share=share))
        (held if scores else fresh)[key] = example
    train = replayed | fresh
    holdout_after = reference.holdout or bottom_k(
        ({text_key(example.text): example for example in holdout} | held).values(),
        per_label=policy.holdout_per_label,
    )
    scoring = reference.scoring_texts | held_texts | {text_key(example.text) for example in holdout_after}
    taken = train.keys() | scoring
    rehearsal = draw(
        (eg for eg in reference.rehearsal if text_key(eg.text) not in taken),
        count=policy.rehearsal_texts,
        salt=salt,
    )
    refuse_leaks((*train.values(), *rehearsal), scoring)
    return Assembled(
        train=tuple(train[key] for key in sorted(train)),
        rehearsal=rehearsal,
        memory=bottom_k(train.values(), per_label=policy.memory_per_label),
        holdout=holdout_after,
        counts={
            "accepted": len(accepted),
            "repeated": len(accepted) - len(fresh) - len(held),
            "held out": len(held),
            "new": len(fresh),
            "replayed": len(train) - len(fresh),
            "rehearsal": len(rehearsal),
        },
    )


def refuse_leaks(training: Iterable[Example], scoring: frozenset[str]) -> None:
    """Raise IntegrityError where a text that scores the model would train it."""
    leaked = next((example for example in training if text_key(example.text) in scoring), None)
    if leaked:
        raise IntegrityError(
            f"a text of the regression set or holdout is in the training corpus: {leaked.text[:80]!r}"
        )
