"""`assemble`: build the night's training corpus from what was admitted."""

import logging

from techner.core.delivery import BatchRef, QualityReport
from techner.core.errors import IntegrityError
from techner.core.examples import Example
from techner.core.manifest import FileEntry, Manifest
from techner.core.run_documents import Corpus, Plan
from techner.corpus.assemble import build_corpus
from techner.corpus.reference import load_reference
from techner.formats import read_examples, write_examples
from techner.inbox.admissions import admission_digest, admission_folder, read_report
from techner.night import telling
from techner.night.inputs import recorded
from techner.night.limits import task
from techner.registry.blobs import save_bytes
from techner.runs.gone import find_gone
from techner.runs.run import Run

log = logging.getLogger("techner.nightly")


@task(reads=(Plan,), writes=(Corpus,), keeps=("blobs/",))
def assemble(run: Run) -> Corpus | None:
    """Build and store the corpus; None if nothing can be learnt from what was admitted.

    It does without the batches that `admit` found gone.
    """
    plan = run.read(Plan)
    manifest = run.registry.manifest(plan.production)
    missing = find_gone(run, plan)
    if missing:
        log.warning("%s", telling.left_out_as_gone(missing))
    left = {one.batch for one in missing}
    reports = [_report(run, plan, batch, manifest) for batch in plan.batches if batch not in left]
    used = [report for report in reports if report.accepted]
    log.info("with accepted rows: %s", telling.names(report.batch for report in used))
    if not used:
        return None
    built = build_corpus(
        [example for report in used for example in _accepted(run, report)],
        memory=recorded(run, manifest, "memory.jsonl"),
        holdout=recorded(run, manifest, "holdout.jsonl"),
        reference=load_reference(run.store, plan.reference),
        policy=plan.policies.corpus,
        scheme=plan.policies.scheme,
        salt=f"{plan.policies.training.seed}:{manifest.number}",
    )
    taught = {label for example in built.train for label in example.labels}
    if plan.policies.training.strategy == "extend" and not taught - set(manifest.pretrained_labels):
        log.info("extend learns new labels only, and no accepted row has one; the batches stay due")
        return None

    def saved(part: str) -> FileEntry:
        return save_bytes(run.store, write_examples(getattr(built, part)), path=f"{part}.jsonl")

    corpus = Corpus(
        batches=tuple(report.batch for report in used),
        admissions=tuple(report.admission for report in used),
        train=saved("train"),
        rehearsal=saved("rehearsal"),
        memory=saved("memory"),
        holdout=saved("holdout"),
        scoring=saved("scoring"),
        counts=built.counts,
        gone=missing,
    )
    log.info("examples: %s", ", ".join(f"{number} {name}" for name, number in built.counts.items()))
    run.write(corpus)
    return corpus


def _report(run: Run, plan: Plan, batch: BatchRef, manifest: Manifest) -> QualityReport:
    report = read_report(run.store, batch, admission_digest(batch, plan.policies, manifest))
    if report is None:
        raise IntegrityError(f"batch {batch.name!r} was planned but never admitted; run its admit task")
    return report


def _accepted(run: Run, report: QualityReport) -> tuple[Example, ...]:
    key = f"{admission_folder(report.batch, report.admission)}/examples.jsonl"
    examples = read_examples(run.store.get(key), where=key)
    if len(examples) != report.accepted:
        raise IntegrityError(f"{key} has {len(examples)} examples; the report says {report.accepted}")
    return examples
