"""`evaluate`: candidate, production and origin on the frozen sets."""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from techner.core.errors import Outdated
from techner.core.examples import Span
from techner.core.manifest import FileEntry
from techner.core.run_documents import Candidate, Changes, Corpus, Evaluation, Plan, Speed
from techner.core.scheme import scope_today
from techner.evaluation.answers import CANDIDATE, ORIGIN, PRODUCTION, Answers, FrozenSets, count_answers
from techner.evaluation.changes import find_changes
from techner.evaluation.speed import TEXTS, measure_speed
from techner.night.inputs import scoring_sets
from techner.night.limits import task
from techner.runs.run import Run
from techner.uptraining.pipeline import load_pipeline, predict, use_device

Predict = Callable[[list[str]], list[tuple[Span, ...]]]
_VOCABULARY = "vocab/"
"""It grows with new words and labels, even if no component changes."""
log = logging.getLogger(__name__)


@task(reads=(Plan, Corpus, Candidate, Speed), writes=(Speed, Changes, Evaluation))
def evaluate(run: Run) -> Evaluation:
    """Score the three systems; systems with the same files are run once."""
    plan, candidate = run.read(Plan), run.read(Candidate)
    production, origin = (
        run.registry.manifest(plan.production),
        run.registry.manifest(plan.origin),
    )
    regression, holdout = scoring_sets(run)
    moves = plan.policies.scheme
    expected = scope_today(production.new_labels, moves)  # a label may be missing only if it was retired
    sets = FrozenSets(
        regression=regression,
        holdout=holdout,
        pretrained=frozenset(origin.pretrained_labels),
        new=frozenset((*candidate.new_labels, *expected)),
        known=frozenset(candidate.new_labels),
        production_labels=expected,
    )
    files = {CANDIDATE: candidate.files, PRODUCTION: production.files, ORIGIN: origin.files}
    use_device(run.gpu)
    with ExitStack() as models:
        loaded: dict[tuple[FileEntry, ...], Predict] = {}
        nlp = None
        for entries in files.values():
            if entries not in loaded:
                nlp = load_pipeline(models.enter_context(run.workspace.model(entries)), beside=nlp)
                loaded[entries] = lambda texts, nlp=nlp: predict(nlp, texts)  # type: ignore[misc]
        _time(run, sets, candidate=loaded[candidate.files], origin=loaded[origin.files])
        found = {entries: _answers(sets, one) for entries, one in loaded.items()}
    answers = {name: found[entries] for name, entries in files.items()}
    answers[PRODUCTION] = answers[PRODUCTION].today(moves)
    run.write(find_changes(sets, answers))
    sizes = {CANDIDATE: sum(entry.size_bytes for entry in candidate.files), ORIGIN: origin.size_bytes}
    rewritten = is_rewritten(origin.files, candidate.files)
    evaluation = count_answers(sets, answers, size_bytes=sizes, is_rewritten=rewritten)
    run.write(evaluation)
    return evaluation


def is_rewritten(origin: Iterable[FileEntry], candidate: Iterable[FileEntry]) -> bool:
    """Tell whether any component of the origin differs in the candidate, byte for byte."""
    kept = {(entry.path, entry.sha256) for entry in candidate}
    return any(
        (entry.path, entry.sha256) not in kept
        for entry in origin
        if "/" in entry.path and not entry.path.startswith(_VOCABULARY)
    )


def _answers(sets: FrozenSets, run: Predict) -> Answers:
    return Answers(
        regression=tuple(run([example.text for example in sets.regression])),
        holdout=tuple(run([example.text for example in sets.holdout])),
    )


def _time(run: Run, sets: FrozenSets, *, candidate: Predict, origin: Predict) -> None:
    """Measure the speed once per run: a second measurement would differ, and perhaps the verdict with it."""
    try:
        if run.find(Speed):
            return
    except Outdated:  # of another candidate
        run.store.delete(run.key(Speed))
    examples = (*sets.regression[: TEXTS // 2], *sets.holdout[: TEXTS // 2])
    speed = measure_speed(candidate, origin, [example.text for example in examples])
    if speed:
        log.info("%.0f words/s, the origin %.0f", speed.candidate, speed.origin)
        run.write(speed)
