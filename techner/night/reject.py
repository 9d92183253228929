"""`reject`, `dry_run`, `skip` and `abandon`: the ends of a run that publishes nothing."""

from techner.core.errors import RegistryError
from techner.core.records import BatchWord, RunEnd, RunOutcome
from techner.core.run_documents import Candidate, Corpus, Judged, Plan, Report
from techner.inbox.decisions import decide
from techner.night import telling
from techner.night.limits import task
from techner.runs.completion import decision_on
from techner.runs.documents import RunDocuments, run_of
from techner.runs.endings import begin, give_up
from techner.runs.gone import find_gone
from techner.runs.judgements import Word, record_judgement, without_verdict, write_down
from techner.runs.reservation import end_reservation

NOTHING_TO_LEARN = "nothing to learn: no batch was accepted, or none has a new label"
NOTHING_LEFT = "nothing to learn: no planned batch is there any more"


@task(reads=(Plan, Corpus, Candidate, Report, Judged), keeps=("decisions/", "judgements/"))
def reject(run: RunDocuments, word: Word) -> Judged:
    """Keep the verdict and hold the run's batches until a person releases them."""
    plan = run.read(Plan)
    earlier = decision_on(run, plan)
    if plan.dry_run or (earlier and earlier.outcome is not RunOutcome.REJECTED):
        decided = earlier.outcome if earlier else RunOutcome.DRY_RUN
        raise RegistryError(f"run {run.id!r} is not waiting for a decision: {decided}")
    if earlier:  # written last: all is done
        return Judged(verdict=earlier.verdict, scores=earlier.scores)
    judged = run.read(Judged)
    begin(run, RunEnd.REJECT, word)
    why = f"{word.why or judged.verdict.reason} (run {run.id})"
    for batch in run.read(Corpus).batches:
        decide(run.store, batch, BatchWord.HOLD, who=word.who, why=why, when=word.when)
    record_judgement(run, plan, judged, outcome=RunOutcome.REJECTED, version=None, when=word.when)
    return judged


@task(reads=(Plan, Corpus, Report, Judged), keeps=("judgements/",))
def dry_run(run: RunDocuments, word: Word) -> Judged:
    """Keep the verdict; nothing else changes."""
    plan, judged = run.read(Plan), run.read(Judged)
    record_judgement(run, plan, judged, outcome=RunOutcome.DRY_RUN, version=None, when=word.when)
    return judged


@task(reads=(Plan, Report, Judged), keeps=("judgements/",))
def skip(run: RunDocuments, word: Word) -> str:
    """End a run that found nothing to learn, and return why.

    `gc` may remove its documents, and its batches stay due.
    """
    plan = run.read(Plan)
    missing = find_gone(run, plan)
    reason = NOTHING_LEFT if len(missing) == len(plan.batches) else NOTHING_TO_LEARN
    if missing:
        reason = f"{reason}; left out: {telling.gone(missing)}"
    write_down(
        run, plan, without_verdict(run, plan, outcome=RunOutcome.SKIPPED, reason=reason, when=word.when)
    )
    return reason


def abandon(run: RunDocuments, word: Word) -> None:
    """End a run that would never end by itself, and release what it reserved; its batches stay due.

    Raises RegistryError without a reason, for a decided run, and for an unknown one.
    """
    if not word.why.strip():
        raise RegistryError("say why with --why: the reason is kept with the run")
    left = [entry.key for entry in run.store.list(run.folder) if run_of(entry.key) == run.id]
    if not left:
        raise RegistryError(
            f"the store has no documents of a run {run.id!r}; `techner model gc` lists the undecided runs"
        )
    plan = run.find(Plan)
    if plan is None:  # what a promotion or a rollback reserved, or what a killed plan left
        for key in left:
            run.store.delete(key)
        return
    if earlier := decision_on(run, plan):
        raise RegistryError(f"run {run.id!r} is not waiting for a decision: {earlier.outcome}")
    reason = f"{word.why} ({word.who})"
    if any(run.store.list(run.key(Judged), limit=1)):
        give_up(run, word)
    write_down(
        run, plan, without_verdict(run, plan, outcome=RunOutcome.ABANDONED, reason=reason, when=word.when)
    )
    end_reservation(run)
