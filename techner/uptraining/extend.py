"""`extend`: a second `ner` for the new labels, before the untouched pretrained one.

spaCy's `ner` respects entities that are set already, so the pipeline needs no code of ours to be loaded.
Measured in docs/adr/0005.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.training import Example as SpacyExample

from techner.core.errors import ModelError
from techner.core.policy import TrainingPolicy
from techner.uptraining.loop import Step, gold, train
from techner.uptraining.pipeline import (
    NEW_NER,
    load_pipeline,
    ner,
    new_labels,
    pretrained_labels,
    pretrained_ner,
)
from techner.uptraining.strategy import TrainingCorpus


def extend(folder: Path, corpus: TrainingCorpus, policy: TrainingPolicy, out: Path) -> Iterator[Step]:
    """Train the second `ner`, from production's where there is one, and save the whole pipeline to `out`."""
    work = load_pipeline(folder)
    taught = {span.label for example in corpus.train for span in example.spans}
    labels = sorted(taught - set(pretrained_labels(work)) | set(new_labels(work)))
    if not labels:
        raise ModelError("the training corpus has no span of a new label; deliver batches that have some")
    rehearsal = [example.only(frozenset()) for example in corpus.rehearsal]
    egs = gold(work, [*corpus.train, *rehearsal], frozenset(labels))
    if NEW_NER not in work.pipe_names:
        _add_component(work, folder)
        _initialise(work, folder, labels, egs)
    for label in labels:
        ner(work, NEW_NER).add_label(label)
    yield from train(work, NEW_NER, egs, policy)
    _graft(work, folder, out)


def _add_component(nlp: Language, folder: Path) -> None:
    """Add an untrained second `ner`, shaped like the pretrained one but with a tok2vec of its own."""
    name = pretrained_ner(nlp)
    config = _config(_standalone(folder, name), name) if name else {}
    nlp.add_pipe("ner", name=NEW_NER, config=config, before=name)


def _standalone(folder: Path, name: str) -> Language:
    """Load the pipeline with the pretrained `ner` detached from a shared tok2vec or transformer."""
    nlp = load_pipeline(folder)
    for shared in nlp.pipe_names:
        if name in nlp.pipe_names and shared in _listened(nlp, name):
            nlp.replace_listeners(shared, name, ["model.tok2vec"])
    return nlp


def _listened(nlp: Language, name: str) -> set[str]:
    tok2vec = nlp.config["components"][name]["model"].get("tok2vec", {})
    if "Listener" not in str(tok2vec.get("@architectures", "")):
        return set()
    upstream = tok2vec.get("upstream", "*")
    return {p for p in nlp.pipe_names if upstream in ("*", p) and hasattr(nlp.get_pipe(p), "listener_map")}


def _config(nlp: Language, name: str) -> dict[str, Any]:
    """Return what shapes a `ner`, to make another of the same shape."""
    config = nlp.config["components"][name]
    return {"model": config["model"], "update_with_oracle_cut_size": config["update_with_oracle_cut_size"]}


def _initialise(nlp: Language, folder: Path, labels: list[str], egs: list[SpacyExample]) -> None:
    """Initialise the second `ner`, then start it from every pretrained parameter of the same shape."""
    component = ner(nlp, NEW_NER)
    component.initialize(lambda: egs, nlp=nlp, labels=_moves(labels))
    name = pretrained_ner(nlp)
    if name is None:
        return
    pretrained = ner(_standalone(folder, name), name)
    for ours, theirs in zip(component.model.walk(), pretrained.model.walk(), strict=False):
        if ours.name != theirs.name:
            break
        for parameter in ours.param_names:
            if not (ours.has_param(parameter) and theirs.has_param(parameter)):
                continue
            value = theirs.get_param(parameter)
            if ours.get_param(parameter).shape == value.shape:
                ours.set_param(parameter, value.copy())


def _moves(labels: list[str]) -> dict[str, dict[str, int]]:
    """Transition-system labels in a fixed order, in the form that `initialize` takes."""
    actions: dict[str, dict[str, int]] = {"0": {"": 1}, "5": {"": 1}}
    counts = {label: len(labels) - position for position, label in enumerate(labels)}
    return actions | {action: dict(counts) for action in ("1", "2", "3", "4")}


def _graft(work: Language, folder: Path, out: Path) -> None:
    """Save the pipeline as it was plus the trained component.

    The pipeline is loaded anew, so that its string store does not grow with every text that was trained on.
    """
    fresh = load_pipeline(folder)
    if NEW_NER in fresh.pipe_names:  # its output layer may be too narrow by now
        fresh.remove_pipe(NEW_NER)
    fresh.add_pipe("ner", name=NEW_NER, config=_config(work, NEW_NER), before=pretrained_ner(fresh))
    weights = ner(work, NEW_NER).to_bytes(exclude=["vocab"])
    ner(fresh, NEW_NER).from_bytes(weights, exclude=["vocab"])
    for label in ner(work, NEW_NER).labels:
        fresh.vocab.strings.add(label)
    fresh.to_disk(out)
