"""A person's answer to a question of the gate: in the store before anything acts on it (ADR 34)."""

from techner.core.errors import RegistryError
from techner.core.records import Decision, RunEnd
from techner.core.run_documents import Judged, Plan
from techner.core.verdict import Outcome, Verdict
from techner.runs.documents import RunDocuments
from techner.runs.ending_log import ending_log
from techner.runs.endings import begin
from techner.runs.judgements import Word, judgement_of

NEEDS_REASON = "a yes needs a reason, in words: it is kept with the version"


def answer(run: RunDocuments, end: RunEnd, word: Word) -> None:
    """Declare how a run ends that the gate asks about; whoever waits for the answer carries it out.

    Raises RegistryError for a yes without a reason, if nobody is asked, and if the answer was another.
    """
    plan = run.read(Plan)
    if decided := judgement_of(run, plan):
        raise RegistryError(f"run {run.id!r} is not waiting for a decision: {decided.outcome}")
    verdict = run.read(Judged).verdict
    if not asks(verdict, dry_run=plan.dry_run):
        raise RegistryError(f"the gate asks nobody about run {run.id!r}: {verdict.reason}")
    if end is RunEnd.PUBLISH and not word.has_reason:
        raise RegistryError(NEEDS_REASON)
    begin(run, end, word)


def asks(verdict: Verdict, *, dry_run: bool) -> bool:
    """Tell whether a person is asked: about a dry run nobody is, whatever the gate says."""
    return not dry_run and verdict.outcome is Outcome.ASK


def word_of_person(run: RunDocuments) -> Word | None:
    """Return what the person said whom the gate asked; None where it asked nobody, or nobody has answered.

    The end that an earlier try of the same task declared is no such word.
    """
    if run.read(Judged).verdict.outcome is not Outcome.ASK:
        return None
    said = answered(run)
    if said is None:
        return None
    return Word(who=said.who, when=said.when, why=said.why, approved=said.word is RunEnd.PUBLISH)


def answered(run: RunDocuments) -> Decision | None:
    """Return how the judged run ends as far as that is declared; None while the question stands."""
    newest = ending_log(run).newest()
    return newest.record if newest else None
