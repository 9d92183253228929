"""`evaluate` and `judge`: candidate, production and origin on the frozen sets, then the gate."""

from contextlib import ExitStack

from techner.core.examples import Example
from techner.core.manifest import FileEntry
from techner.core.night import Candidate, Corpus, Evaluation, Judged, Plan
from techner.corpus.reference import load_reference
from techner.evaluation.evaluate import Predict
from techner.evaluation.evaluate import evaluate as score
from techner.evaluation.gate import CANDIDATE, ORIGIN, PRODUCTION
from techner.evaluation.gate import judge as decide
from techner.formats import read_examples
from techner.registry.blobs import load_bytes
from techner.registry.versions import read_manifest
from techner.stages.run import Run
from techner.uptraining.pipeline import load_pipeline, predict


def evaluate(run: Run) -> Evaluation:
    """Score the three systems; a system that is another's files is run once."""
    plan, candidate = run.read("plan.json", Plan), run.read("candidate.json", Candidate)
    production = read_manifest(run.store, plan.production)
    origin = read_manifest(run.store, plan.origin)
    regression, holdout = scoring_sets(run)
    with ExitStack() as models:
        loaded: dict[tuple[FileEntry, ...], Predict] = {}
        for files in (candidate.files, production.files, origin.files):
            if files not in loaded:
                nlp = load_pipeline(models.enter_context(run.model(files)))
                loaded[files] = lambda texts, nlp=nlp: predict(nlp, texts)  # type: ignore[misc]
        evaluation = score(
            {
                CANDIDATE: loaded[candidate.files],
                PRODUCTION: loaded[production.files],
                ORIGIN: loaded[origin.files],
            },
            regression=regression,
            pretrained=frozenset(origin.pretrained_labels),
            holdout=holdout,
            new=frozenset(candidate.new_labels),
            production_labels=production.new_labels,
        )
    run.write("evaluation.json", evaluation)
    return evaluation


def scoring_sets(run: Run) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return the regression set and what this night scores the new labels on."""
    plan, corpus = run.read("plan.json", Plan), run.read("corpus.json", Corpus)
    holdout = read_examples(load_bytes(run.store, corpus.scoring), where=corpus.scoring.path)
    return load_reference(run.store, plan.reference).regression, holdout


def judge(run: Run) -> Judged:
    """Apply the planned policy to the evaluation and keep the verdict."""
    judged = decide(run.read("evaluation.json", Evaluation), run.read("plan.json", Plan).policies.gate)
    run.write("verdict.json", judged)
    return judged
