"""Pretrained labels that a reference set cannot score, though the origin finds them in its texts."""

from collections import Counter
from importlib.util import find_spec

from techner.core.errors import ModelError
from techner.core.manifest import Manifest
from techner.core.policy import Policies, TrainingPolicy
from techner.corpus.reference import Reference
from techner.evaluation.unscored_checks import is_unscored
from techner.registry import Registry
from techner.registry.workspace import Workspace


def scoring_spans(reference: Reference, labels: tuple[str, ...], training: TrainingPolicy) -> dict[str, int]:
    """Count the spans of each label that score: all of the regression set, for `blend` only gold."""
    is_blend = training.strategy == "blend"
    scoring = [example for example in reference.regression if not (is_blend and example.is_silver)]
    counts = Counter(span.label for example in scoring for span in example.spans)
    return {label: counts[label] for label in labels}


def unscored_labels(
    workspace: Workspace, manifest: Manifest, reference: Reference, policies: Policies
) -> dict[str, tuple[int, int]]:
    """Return unscored label → number of gold spans, and of the origin's spans in the texts that score.

    The origin reads the texts only if a label has too little gold. Raises ModelError if it cannot.
    """
    gold = scoring_spans(reference, manifest.pretrained_labels, policies.training)
    few = {label for label, spans in gold.items() if spans < policies.gate.min_support}
    if not few:
        return {}
    if find_spec("spacy") is None:
        raise ModelError(
            f"spaCy is needed to see whether the origin finds {', '.join(sorted(few))}: "
            "pip install 'techner[load]'"
        )
    from techner.uptraining.pipeline import load_pipeline, predict

    origin = Registry(workspace.store).manifest(manifest.origin) if manifest.origin else manifest
    texts = [example.text for example in (*reference.regression, *reference.holdout)]
    with workspace.model(origin.files) as folder:
        spans = predict(load_pipeline(folder), texts)
    found = Counter(span.label for one in spans for span in one if span.label in few)
    return {
        label: (gold[label], found[label])
        for label in sorted(few)
        if is_unscored(gold[label], found[label], policies.gate)
    }
