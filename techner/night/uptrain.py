"""`uptrain`: production → candidate."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from techner.core.examples import Example
from techner.core.manifest import FileEntry
from techner.core.run_documents import Candidate, Corpus, Plan
from techner.formats import read_examples
from techner.night.checkpoints import StoredCheckpoints
from techner.night.kept import KeptCandidate
from techner.night.limits import task
from techner.night.persist import until_stored
from techner.night.progress import ToldProgress
from techner.registry.blobs import load_bytes, save_folder
from techner.registry.cache_folder import cache_errors
from techner.registry.leases import Lease
from techner.runs.documents import CHECKPOINT, PROGRESS
from techner.runs.run import Run
from techner.uptraining import Step, TrainingCorpus, make_candidate
from techner.uptraining.checkpoint import code_digest
from techner.uptraining.task import Uptrained


@task(reads=(Plan, Corpus), writes=(Candidate,), scratch=(CHECKPOINT, PROGRESS), keeps=("blobs/",))
def uptrain(
    run: Run,
    *,
    on_step: Callable[[Step], None] = lambda step: None,
    train: Callable[..., Uptrained] = make_candidate,
) -> Candidate:
    """Uptrain the planned production model and keep the candidate's files as blobs.

    A try that is cut off leaves a checkpoint of its last epoch, from which the next one goes on. What is
    trained stays in the cache until the store has it, so that the next try only uploads. `train` makes
    the candidate; a caller that repeats a night may pass one that remembers its results.
    """
    plan, corpus = run.read(Plan), run.read(Corpus)
    kept = KeptCandidate(run)
    with Lease(run.cache, [kept.name]):
        return _uptrained(run, plan, corpus, kept, on_step=on_step, train=train)


def _uptrained(
    run: Run,
    plan: Plan,
    corpus: Corpus,
    kept: KeptCandidate,
    *,
    on_step: Callable[[Step], None],
    train: Callable[..., Uptrained],
) -> Candidate:
    checkpoints, progress = StoredCheckpoints(run, code=code_digest()), ToldProgress(run)
    made = kept.find()
    if made is None:

        def after(step: Step) -> None:
            progress.after(step)
            on_step(step)

        with run.workspace.scratch() as scratch, checkpoints, progress:
            how = partial(train, checkpoints=checkpoints, on_step=after)
            made = _train(run, plan, corpus, out=scratch / "candidate", train=how)
            kept.keep(made, scratch / "candidate")
    with cache_errors(run.cache):
        files = until_stored(lambda: save_folder(run.store, kept.model))
    candidate = Candidate(files=files, new_labels=made.new_labels, losses=made.losses, dev_f1=made.dev_f1)
    until_stored(lambda: run.write(candidate))
    kept.remove()
    checkpoints.remove()
    progress.remove()
    return candidate


def _train(run: Run, plan: Plan, corpus: Corpus, *, out: Path, train: Callable[..., Uptrained]) -> Uptrained:
    def part(entry: FileEntry) -> tuple[Example, ...]:
        return read_examples(load_bytes(run.store, entry), where=entry.path)

    production, origin = (
        run.registry.manifest(plan.production),
        run.registry.manifest(plan.origin),
    )
    # A model that blend made has no second `ner` to go on from: extend starts over from the origin, with the
    # examples of the replay memory. blend always starts over, and takes any production as a teacher.
    strategy = plan.policies.training.strategy
    goes_on = strategy == "blend" or production.lineage.strategy in (None, strategy)
    with (
        run.workspace.model(origin.files) as pretrained,
        run.workspace.model(production.files if goes_on else origin.files) as folder,
    ):
        return train(
            folder,
            TrainingCorpus(train=part(corpus.train), rehearsal=part(corpus.rehearsal)),
            plan.policies.training,
            out,
            origin=pretrained,
            scheme=plan.policies.scheme,
            gpu=run.gpu,
        )
