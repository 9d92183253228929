"""What several tasks of a night read: examples that a version keeps, the sets that score."""

from techner.core.examples import Example
from techner.core.manifest import Manifest
from techner.core.run_documents import Corpus, Plan
from techner.corpus.reference import load_reference
from techner.formats import read_examples
from techner.registry.blobs import load_bytes
from techner.runs.run import Run


def scoring_sets(run: Run) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return the regression set, and the holdout that scores the new labels tonight."""
    plan, corpus = run.read(Plan), run.read(Corpus)
    holdout = read_examples(load_bytes(run.store, corpus.scoring), where=corpus.scoring.path)
    return load_reference(run.store, plan.reference).regression, holdout


def recorded(run: Run, manifest: Manifest, name: str) -> tuple[Example, ...]:
    """Return the examples that a version keeps for the next night; empty if it keeps none, as the origin."""
    entry = manifest.records.get(name)
    return read_examples(load_bytes(run.store, entry), where=name) if entry else ()
