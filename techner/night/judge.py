"""`judge`: the gate's verdict on what was measured, and the page that explains it."""

import logging

from techner.core.manifest import FileEntry, Manifest
from techner.core.run_documents import Candidate, Changes, Corpus, Evaluation, Judged, Plan, Report, Speed
from techner.evaluation.gate import apply_gate
from techner.night import telling
from techner.night.limits import task
from techner.registry.blobs import save_bytes
from techner.reports import run_report
from techner.runs.run import Run

log = logging.getLogger("techner.nightly")


@task(reads=(Plan, Corpus, Candidate, Speed, Changes, Evaluation), writes=(Report, Judged), keeps=("blobs/",))
def judge(run: Run) -> Judged:
    """Apply the planned policy to the evaluation, and keep the verdict and the page that explains it."""
    plan = run.read(Plan)
    run.read(Candidate)  # this binds the verdict to it
    judged = apply_gate(
        run.read(Evaluation), plan.policies.gate, run.find(Speed), not_promoted=plan.not_promoted
    )
    run.write(_save_report(run, judged, run.registry.manifest(plan.production)))
    run.write(judged)
    log.info("%s", telling.scores(judged.verdict))
    for line in telling.unpassed(judged.verdict):
        log.info("%s", line)
    log.info("%s: %s", judged.verdict.outcome, judged.verdict.reason)
    return judged


def _save_report(run: Run, judged: Judged, production: Manifest) -> FileEntry:
    page = run_report(
        judged,
        run.read(Corpus),
        run.read(Changes),
        number=production.number + 1,
    )
    return save_bytes(run.store, page.encode(), path="report.html")
