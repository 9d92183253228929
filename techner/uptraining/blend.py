"""`blend`: one `ner` for all labels, for batches that correct pretrained labels too."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacy.language import Language
from spacy.training import Example as SpacyExample

from techner.core.errors import ModelError
from techner.core.examples import Example, Span, overlap
from techner.uptraining import dev_part
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train
from techner.uptraining.pipeline import (
    NEW_NER,
    load_pipeline,
    ner,
    new_labels,
    predict,
    pretrained_labels,
    pretrained_ner,
)
from techner.uptraining.step import Step
from techner.uptraining.surgery import detach, graft, inherit, initialise_ner, shape_of
from techner.uptraining.task import Task, rehearsal_ratio


def blend(task: Task) -> Iterator[Step]:
    """Train the origin's one `ner` on new examples, with the origin's labels in them, and on rehearsal texts.

    Every night starts over from the origin: a network that is trained on night after night loses the old
    labels little by little, whatever teaches it. What earlier nights taught comes back through the replay
    memory, and through production, which speaks for the labels that the annotators did not look for.

    Raises ModelError if the origin has a second `ner`, or no `ner` at all.
    """
    production, work = load_pipeline(task.folder), load_pipeline(task.origin)
    policy = task.policy
    if NEW_NER in work.pipe_names:
        raise ModelError(f"{task.origin} has a second `ner` from extend; blend starts from its origin")
    name = pretrained_ner(work)
    if name is None:
        raise ModelError("the pipeline has no `ner` to blend into; use the strategy extend")
    old = frozenset(pretrained_labels(work))
    spoken = (*pretrained_labels(production), *new_labels(production))
    before = {task.scheme.renamed.get(label, label) for label in spoken}
    taught = {span.label for example in task.corpus.train for span in example.spans}
    labels = sorted((taught | before | old) - set(task.scheme.retired))
    known = frozenset((before | old) & set(labels))
    train_part = [_scoped(eg, frozenset(labels) - old) for eg in task.corpus.train]
    training, held = dev_part.part(train_part, frozenset(labels), policy)
    silver = _silver(production, work, training, frozenset(labels), old, task.scheme.renamed)
    new = gold(work, training, frozenset(labels), silver=silver, teacher_labels=known)
    rehearsal = [_old(eg, old, frozenset(labels)) for eg in task.corpus.rehearsal]
    rehearsed, held_old = dev_part.split(rehearsal, share=policy.dev_share)
    unsaid = _silver(production, work, rehearsed, frozenset(labels), old, task.scheme.renamed)
    detach(work, name)
    _renew(work, name, labels, new)
    material = Material(
        new=new,
        rehearsal=gold(work, rehearsed, frozenset(labels), silver=unsaid, teacher_labels=old),
        rehearsal_ratio=rehearsal_ratio(policy, 1.0),
        dev_f1=dev_part.scorer(work, name, held, held_old, frozenset(labels)),
    )
    yield from train(work, name, material, policy, task.checkpoints)
    graft(work, name, task.origin, task.out)


def _scoped(example: Example, new: frozenset[str]) -> Example:
    """Spell out what a scope of None stands for: all new labels."""
    return example if example.scope is not None else replace(example, scope=tuple(sorted(new)))


def _old(example: Example, old: frozenset[str], labels: frozenset[str]) -> Example:
    """Return a rehearsal text as it is taught: nothing in it is new; unsaid labels stay unsaid."""
    scope = None if example.scope is None else tuple(sorted({*example.scope, *(labels - old)}))
    return replace(example.only(old), scope=scope)


def _silver(
    production: Language,
    origin: Language,
    examples: Sequence[Example],
    labels: frozenset[str],
    old: frozenset[str],
    renamed: dict[str, str],
) -> list[tuple[Span, ...]]:
    """Return what stands in for unsaid labels: the origin's for its own, production's for the others."""
    unsaid = {position: labels - eg.in_scope(labels) for position, eg in enumerate(examples)}
    asked = {position: examples[position].text for position, missing in unsaid.items() if missing}
    anchors = predict(origin, list(asked.values()))
    recent = predict(production, list(asked.values()))
    silver: list[tuple[Span, ...]] = [()] * len(examples)
    for position, anchor, spans in zip(asked, anchors, recent, strict=True):
        learnt = tuple(replace(span, label=renamed.get(span.label, span.label)) for span in spans)
        silver[position] = merged_silver(anchor, learnt, unsaid=unsaid[position], old=old)
    return silver


def merged_silver(
    anchor: tuple[Span, ...], learnt: tuple[Span, ...], *, unsaid: frozenset[str], old: frozenset[str]
) -> tuple[Span, ...]:
    """Merge the origin's spans of unsaid labels and production's spans of new ones; the origin's win.

    A span of a label that was looked for displaces nothing: the annotators did not mark it.
    """
    kept = tuple(span for span in anchor if span.label in unsaid)
    new = (span for span in learnt if span.label not in old)
    return kept + tuple(span for span in new if not any(overlap(other, span) for other in kept))


def _renew(work: Language, name: str, labels: Sequence[str], egs: Sequence[SpacyExample]) -> None:
    """Replace the `ner` with one for tonight's labels that inherits all its weights."""
    parent, config, place = ner(work, name), shape_of(work, name), work.pipe_names.index(name)
    work.remove_pipe(name)
    following = work.pipe_names[place] if place < len(work.pipe_names) else None
    work.add_pipe("ner", name=name, config=config, before=following)
    initialise_ner(work, ner(work, name), labels, egs)
    inherit(ner(work, name), parent)
