"""`publish`: make the candidate a version, prove it, and move `production` to it."""

import logging
from dataclasses import replace
from typing import assert_never

from techner.core.errors import AliasConflict, IntegrityError, RegistryError
from techner.core.examples import Example, Span
from techner.core.manifest import Lineage, Manifest
from techner.core.records import RunEnd, RunOutcome
from techner.core.run_documents import (
    Candidate,
    Corpus,
    Evaluation,
    Judged,
    Plan,
    Report,
    Reserved,
    SetEvaluation,
)
from techner.core.scores import count
from techner.core.verdict import Outcome
from techner.documents import document_digest
from techner.evaluation.answers import CANDIDATE
from techner.night.inputs import scoring_sets
from techner.night.limits import task
from techner.registry import PRODUCTION
from techner.registry.blobs import load_bytes
from techner.registry.clean_process import Query, query_apart
from techner.registry.lineage import continued
from techner.registry.provenance import code_version, libraries
from techner.registry.versions import version_name
from techner.reports.card import with_cards
from techner.runs.completion import decision_on
from techner.runs.endings import begin, require
from techner.runs.judgements import Word, reason_of, record_judgement
from techner.runs.reservation import end_reservation, reserve
from techner.runs.run import Run

PROOF_TEXTS = 50
log = logging.getLogger("techner.nightly")


@task(
    reads=(Plan, Corpus, Candidate, Evaluation, Report, Judged),
    writes=(Reserved,),
    keeps=("blobs/", "versions/", "aliases/", "decisions/", "judgements/", "probe/"),
)
def publish(run: Run, word: Word, *, query: Query = query_apart) -> str:
    """Publish the candidate and point `production` at it; returns the version.

    Raises RegistryError without a passing verdict or a person's yes with a reason, and if another end of the
    run has begun; IntegrityError if the published files do not load or do not answer as judged;
    AliasConflict if production has moved since.
    """
    plan = run.read(Plan)
    if plan.dry_run:
        raise RegistryError("this run was planned as a dry run, which publishes nothing; plan another run")
    if published := _published_before(run, plan):
        end_reservation(run)  # left by a try that was killed after the alias had moved
        return published
    judged = run.read(Judged)
    _require_leave(judged, word)
    begin(run, RunEnd.PUBLISH, word)
    manifest = _manifest(run, plan, judged)
    version = version_name(manifest)
    try:
        _require_not_overtaken(run, plan, version)  # else a proof, and a version, for nothing
        with reserve(run, manifest, version=version):
            _prove(run, manifest, query)
            run.registry.create(manifest)
            why = f"{word.why or 'gate: ' + judged.verdict.reason} (run {run.id})"
            require(run, RunEnd.PUBLISH)  # again: a person may have abandoned the run during the proof
            if published := _published_before(run, plan):  # by another that carried out the same yes
                return published
            run.registry.move(version, expected=plan.production, who=word.who, why=why, when=word.when)
    except AliasConflict:  # judged against a model that is no longer live; its batches stay due
        record_judgement(run, plan, judged, outcome=RunOutcome.SUPERSEDED, version=None, when=word.when)
        raise
    record_judgement(run, plan, judged, outcome=RunOutcome.PROMOTED, version=version, when=word.when)
    return version


def _published_before(run: Run, plan: Plan) -> str | None:
    """Return what an earlier try published; raises RegistryError if production no longer names it."""
    earlier = decision_on(run, plan)
    if earlier is None:
        return None
    if earlier.version is None or run.registry.production()[0] != earlier.version:
        raise RegistryError(
            f"run {run.id!r} is decided already ({earlier.outcome}); `techner model rollback --to VERSION` "
            "moves production to any version"
        )
    return earlier.version


def _require_not_overtaken(run: Run, plan: Plan, version: str) -> None:
    live, _ = run.registry.production()
    if live not in (plan.production, version):  # an earlier try may have moved it to `version`
        raise AliasConflict(PRODUCTION, plan.production, live)


def _require_leave(judged: Judged, word: Word) -> None:
    reason = judged.verdict.reason
    match judged.verdict.outcome:
        case Outcome.PROMOTE:
            pass
        case Outcome.ASK:
            if not (word.approved and word.has_reason):
                raise RegistryError(f"the gate asks a person ({reason}): approve it with a reason")
        case Outcome.REJECT:
            raise RegistryError(f"the gate rejected the candidate ({reason}); it is not published")
        case outcome:
            assert_never(outcome)


def _manifest(run: Run, plan: Plan, judged: Judged) -> Manifest:
    corpus, candidate = run.read(Corpus), run.read(Candidate)
    production = run.registry.manifest(plan.production)
    manifest = Manifest(
        number=production.number + 1,
        parent=plan.production,
        origin=plan.origin,
        base=production.base,
        pretrained_labels=production.pretrained_labels,
        new_labels=candidate.new_labels,
        files=candidate.files,
        records={
            "memory.jsonl": corpus.memory,
            "holdout.jsonl": corpus.holdout,
            "report.html": run.read(Report),
        },
        lineage=_lineage(run, plan, production.lineage, corpus),
        scores=judged.scores,
        verdict=judged.verdict,
    )
    # A person's yes is an input, as the settings are: other words make another card, so another version.
    asked = judged.verdict.outcome is Outcome.ASK
    decision = f"promoted {reason_of(run, judged.verdict, RunOutcome.PROMOTED)}" if asked else ""
    return with_cards(run.store, manifest, corpus.counts, decision=decision)


def _lineage(run: Run, plan: Plan, production: Lineage, corpus: Corpus) -> Lineage:
    lineage = Lineage(
        parts=production.parts,
        batches=production.batches,
        reference=plan.reference,
        corpus=document_digest(replace(corpus, made_from={})),  # the same examples, whatever the run
        policies=document_digest(plan.policies),
        strategy=plan.policies.training.strategy,
        seed=plan.policies.training.seed,
        code=code_version(),
        libraries=libraries(),
    )
    made = continued(run.store, lineage, corpus.batches)
    log.info("batches learnt: %d, the newest %d in the manifest", made.batch_count, len(made.batches))
    return made


def _prove(run: Run, manifest: Manifest, query: Query) -> None:
    """Fetch the published files again, and compare their answers in a clean process with what was judged."""
    evaluation = run.read(Evaluation)
    regression, holdout = scoring_sets(run)
    for entry in (*manifest.records.values(), *manifest.lineage.part_files):
        load_bytes(run.store, entry)
    # A cache of its own: what is proved must come from the store, as it will for services.
    here = run.workspace
    with here.scratch() as scratch, replace(here, cache=scratch).model(manifest.files) as folder:
        examples = [*regression[:PROOF_TEXTS], *holdout[:PROOF_TEXTS]]
        found = query(folder, [example.text for example in examples])
    parts = (regression[:PROOF_TEXTS], evaluation.regression), (holdout[:PROOF_TEXTS], evaluation.holdout)
    for part, scored in parts:
        for example, judged_row in zip(part, scored.systems[CANDIDATE], strict=False):
            if _row(example, found.pop(0), scored) != judged_row:
                raise IntegrityError(
                    f"the published model does not answer as it was judged on {example.text[:60]!r}"
                )


def _row(example: Example, found: tuple[Span, ...], scored: SetEvaluation) -> dict[str, tuple[int, int, int]]:
    counts = count(example.spans, found, example.in_scope(frozenset(scored.labels)))
    return {label: (c.tp, c.fp, c.fn) for label, c in counts.items()}
