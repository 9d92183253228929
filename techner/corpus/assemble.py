"""A night's training corpus (new and replayed examples, rehearsal text), and what is kept out of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from techner.core.errors import IntegrityError
from techner.core.examples import Example, fold, leak_key, text_key
from techner.core.policy import CorpusPolicy, SchemePolicy
from techner.core.sampling import bottom_k, draw, in_holdout
from techner.core.scheme import example_today
from techner.corpus.merge import merge
from techner.corpus.reference import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    train: tuple[Example, ...]
    rehearsal: tuple[Example, ...]
    memory: tuple[Example, ...]
    holdout: tuple[Example, ...]
    """What the next night's candidate is scored on: tonight's share added, size bounded."""
    scoring: tuple[Example, ...]
    """What tonight's candidate is scored on."""
    counts: dict[str, int]


def build_corpus(
    accepted: Iterable[Example],
    *,
    memory: tuple[Example, ...],
    holdout: tuple[Example, ...],
    reference: Reference,
    policy: CorpusPolicy,
    scheme: SchemePolicy,
    salt: str,
) -> Assembled:
    """Divide tonight's examples into training and holdout, and add replay and rehearsal.

    A text delivered again replaces, for the labels of its scope, its annotation in the corpus and the memory
    (of two in one night, the one with the later batch name wins). It never replaces what the holdout has: a
    delivery must not rewrite its judge, only add labels that the judge says nothing about. For the same
    reason tonight's share scores only from the next night on, except for labels that nothing else measures.
    Memory and holdout are read under today's names. Another `salt` draws other rehearsal texts. Raises
    IntegrityError if a scoring text would be trained on.
    """
    accepted = list(accepted)
    replayed = by_text(_today(memory, scheme))
    frozen = by_text(_today(reference.holdout or holdout, scheme))
    fresh, held = _part(accepted, replayed, frozen, share=0.0 if reference.holdout else policy.holdout_share)
    train = replayed | fresh
    grown = frozen if reference.holdout else _grown(held, frozen)
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
        holdout=tuple(grown.values()) if reference.holdout else _bounded(grown, policy),
        scoring=tuple((frozen | _unmeasured(grown, frozen)).values()),
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
    """Divide examples into those to train on and those held out."""
    fresh: dict[str, Example] = {}
    held: dict[str, Example] = {}
    near = set(map(_leak_key, frozen.values()))
    for example in accepted:
        key = text_key(example.text)
        # A text once trained on never scores, not even after the share was raised.
        # A near copy of a scoring text would teach that text.
        is_near = bool(near) and _leak_key(example) in near
        scores = key in frozen or (key not in replayed and (is_near or in_holdout(example, share=share)))
        part = held if scores else fresh
        part[key] = merge(part.get(key) or replayed.get(key), example)
    near = set(map(_leak_key, held.values()))
    for key in [key for key, example in fresh.items() if key not in replayed and _leak_key(example) in near]:
        held[key] = fresh.pop(key)
    return fresh, held


def _leak_key(example: Example) -> str:
    return leak_key(fold(example.text))


def _bounded(holdout: Mapping[str, Example], policy: CorpusPolicy) -> tuple[Example, ...]:
    return bottom_k(holdout.values(), per_label=policy.holdout_per_label)


def _grown(held: Mapping[str, Example], frozen: Mapping[str, Example]) -> dict[str, Example]:
    """Return the holdout with tonight's share; for a text in both, `frozen` decides within its scope."""
    return {**held, **{key: merge(held.get(key), example) for key, example in frozen.items()}}


def _today(examples: Iterable[Example], scheme: SchemePolicy) -> Iterator[Example]:
    """Yield the examples under today's names, without those whose scope has only retired labels."""
    read = (example_today(example, scheme) for example in examples)
    return (example for example in read if example.scope != ())


def _unmeasured(grown: Mapping[str, Example], frozen: Mapping[str, Example]) -> dict[str, Example]:
    """Return what of tonight's holdout scores at once: all on a first night, else unmeasured labels."""
    measured = {label for example in frozen.values() for label in example.labels}
    return {key: eg for key, eg in grown.items() if not frozen or eg.labels - measured}


def refuse_leaks(training: Iterable[Example], scoring: frozenset[str]) -> None:
    """Raise IntegrityError if a text that scores the model would train it."""
    leaked = next((example for example in training if text_key(example.text) in scoring), None)
    if leaked:
        raise IntegrityError(
            f"a text of the regression set or holdout is in the training corpus: {leaked.text[:80]!r}"
        )
