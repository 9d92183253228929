"""`extend`: a second `ner` for the new labels, before the untouched pretrained one.

spaCy's `ner` respects entities that are set already, so the pipeline loads without any code of techner.
docs/explanation/benchmarks.md has measurements.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.training import Example as SpacyExample

from techner.core.errors import ModelError
from techner.core.examples import Example, Span
from techner.uptraining import dev_part
from techner.uptraining.calibrate import Covered, calibrate, covered_spans
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.gold import gold
from techner.uptraining.listening import encoder_above, listener_of, upstream
from techner.uptraining.loop import Material, train
from techner.uptraining.pipeline import (
    NEW_NER,
    component_entities,
    load_pipeline,
    ner,
    new_labels,
    pretrained_labels,
    pretrained_ner,
    taught_labels,
)
from techner.uptraining.reading import with_readings
from techner.uptraining.step import Step
from techner.uptraining.surgery import graft, inherit, initialise_ner, shape_of, standalone
from techner.uptraining.task import Task, rehearsal_ratio

MEASURED, MOST_MEASURED = 4, 0.5
"""The share of the rehearsal texts that is kept apart to measure harm, as so many times the dev part's and at
most: new spans cover few old ones, so that it takes many texts to see."""


def extend(task: Task) -> Iterator[Step]:
    """Train the second `ner`, starting from production's if it has one, and save the whole pipeline.

    Raises ModelError if blend taught production its labels, or if no example has a new label.
    """
    work, policy = load_pipeline(task.folder), task.policy
    if task.origin != task.folder and _taught_by_blend(work, task.origin):
        raise ModelError(
            f"the `ner` of {task.folder} has learnt labels by blend; extend starts from its origin"
        )
    renamed, retired = task.scheme.renamed, set(task.scheme.retired)
    before = {renamed.get(label, label) for label in new_labels(work)}
    taught = {span.label for example in task.corpus.train for span in example.spans}
    labels = sorted((taught - set(pretrained_labels(work)) | before) - retired)
    if not labels:
        raise ModelError("the training corpus has no span of a new label; deliver batches that have some")
    training, held = dev_part.part(task.corpus.train, frozenset(labels), policy)
    share = min(MEASURED * policy.dev_share, MOST_MEASURED)
    rehearsed, apart = dev_part.split(task.corpus.rehearsal, share=share)
    _, old = dev_part.split(apart, share=policy.dev_share)
    outputs = FrozenOutputs(work, upstream(work, pretrained_ner(work)))
    silver = _silver(work, training, frozenset(labels), renamed, outputs)
    new = gold(
        work, training, frozenset(labels), silver=silver, teacher_labels=frozenset(before & set(labels))
    )
    _renew(work, task, labels, new)
    rehearsal = gold(work, map(nothing_new, rehearsed), frozenset(labels))
    material = Material(
        new=new,
        rehearsal=rehearsal,
        hard=lambda: _hard(work, rehearsal, outputs),
        rehearsal_ratio=rehearsal_ratio(policy, 0.8),
        dev_f1=dev_part.scorer(work, NEW_NER, held, map(nothing_new, old), frozenset(labels), outputs),
        outputs=outputs,
    )
    yield from train(work, NEW_NER, material, policy, task.checkpoints)
    covered = partial(_covered, work, apart, outputs)
    calibrate(ner(work, NEW_NER), material.dev_f1, covered, most=policy.most_covered)
    graft(work, NEW_NER, task.folder, task.out)


def nothing_new(example: Example) -> Example:
    """Return an old text as it is taught to the second `ner`: nothing in it is new."""
    return Example(example.text)


def _taught_by_blend(work: Language, origin: Path) -> bool:
    return taught_labels(work, load_pipeline(origin, beside=work)) != new_labels(work)


def _hard(work: Language, rehearsal: Sequence[SpacyExample], outputs: FrozenOutputs) -> list[SpacyExample]:
    """Return the old texts in which the second `ner` finds something."""
    found = component_entities(work, NEW_NER, [eg.reference.text for eg in rehearsal], outputs)
    return [eg for eg, spans in zip(rehearsal, found, strict=True) if spans]


def _covered(work: Language, old: Sequence[Example], outputs: FrozenOutputs) -> Covered:
    found = component_entities(work, NEW_NER, [example.text for example in old], outputs)
    return covered_spans([example.spans for example in old], found)


def _silver(
    work: Language,
    examples: Sequence[Example],
    labels: frozenset[str],
    renamed: dict[str, str],
    outputs: FrozenOutputs,
) -> list[tuple[Span, ...]]:
    """Return what production's second `ner` finds in the examples that leave a label unsaid."""
    asked = {p: eg.text for p, eg in enumerate(examples) if labels - eg.in_scope(labels)}
    silver: list[tuple[Span, ...]] = [()] * len(examples)
    if NEW_NER in work.pipe_names and asked:
        found = component_entities(work, NEW_NER, list(asked.values()), outputs)
        for position, spans in zip(asked, found, strict=True):
            silver[position] = tuple(
                replace(span, label=renamed.get(span.label, span.label)) for span in spans
            )
    return silver


def _renew(work: Language, task: Task, labels: Sequence[str], egs: Sequence[SpacyExample]) -> None:
    """Replace the second `ner` with one for tonight's labels that inherits all it can.

    It inherits from production's second `ner` if there is one, else from the pretrained `ner`, whose shape it
    has except that it may have fewer encoder layers. If the pretrained one listens to a transformer, this one
    does too, with an encoder of its own above it. Otherwise it also reads characters, and listens to a
    tok2vec that others share if there is one.
    """
    name = pretrained_ner(work)
    parent, config = None, {}
    if NEW_NER in work.pipe_names:
        parent, config = ner(work, NEW_NER), shape_of(work, NEW_NER)
        work.remove_pipe(NEW_NER)
    elif name and (listener := listener_of(work, name)):
        config = shape_of(work, name)
        config["model"]["tok2vec"] = encoder_above(listener, layers=task.policy.layers)
    elif name:
        apart = standalone(task.folder, name, beside=work)
        parent, config = ner(apart, name), shape_of(apart, name, layers=task.policy.layers)
    if config:
        shared = upstream(work, name) if task.policy.shared_tok2vec else None
        config = with_readings(config, work, shared)
    work.add_pipe("ner", name=NEW_NER, config=config, before=name)
    heir = ner(work, NEW_NER)
    initialise_ner(work, heir, labels, egs)
    if parent:
        inherit(heir, parent, task.scheme.renamed)
