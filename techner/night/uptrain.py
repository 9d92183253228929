"""`uptrain`: production → candidate."""

from collections.abc import Callable

from techner.core.examples import Example
from techner.core.manifest import FileEntry
from techner.core.run_documents import Candidate, Corpus, Plan
from techner.formats import read_examples
from techner.night.limits import task
from techner.registry.blobs import load_bytes, save_folder
from techner.runs.run import Run
from techner.uptraining import Step, TrainingCorpus, make_candidate
from techner.uptraining.task import Uptrained


@task(reads=(Plan, Corpus), writes=(Candidate,), keeps=("blobs/",))
def uptrain(
    run: Run,
    *,
    on_step: Callable[[Step], None] = lambda step: None,
    train: Callable[..., Uptrained] = make_candidate,
) -> Candidate:
    """Uptrain the planned production model and keep the candidate's files as blobs.

    `train` makes the candidate; a caller that repeats a night may pass one that remembers its results.
    """
    plan, corpus = run.read(Plan), run.read(Corpus)

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
        run.workspace.scratch() as scratch,
    ):
        made = train(
            folder,
            TrainingCorpus(train=part(corpus.train), rehearsal=part(corpus.rehearsal)),
            plan.policies.training,
            scratch / "candidate",
            origin=pretrained,
            scheme=plan.policies.scheme,
            gpu=run.gpu,
            on_step=on_step,
        )
        files = save_folder(run.store, scratch / "candidate")
    candidate = Candidate(files=files, new_labels=made.new_labels, losses=made.losses, dev_f1=made.dev_f1)
    run.write(candidate)
    return candidate
