"""The log of judged runs: what people ask about after a run's documents are gone."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from techner.core.errors import Outdated, RegistryError, StoreError
from techner.core.manifest import FileEntry
from techner.core.records import Judgement, RunOutcome
from techner.core.run_documents import Corpus, Judged, Plan, Report
from techner.core.verdict import Outcome, Verdict
from techner.registry.log import Log
from techner.runs.documents import RunDocuments
from techner.runs.ending_log import ending_log, ending_name
from techner.store import Store, Stored
from techner.store.base import check_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who ends the run, why, and when; `approved` is a person's yes when the gate asked."""

    who: str
    when: datetime
    why: str = ""
    approved: bool = False

    @property
    def has_reason(self) -> bool:
        """Whether `why` says anything: blanks and marks alone do not."""
        return any(character.isalnum() for character in self.why)


def judgements(store: Store) -> Log[Judgement]:
    """Return the log of all judged runs."""
    return Log(store, "judgements", Judgement)


def record_judgement(
    run: RunDocuments, plan: Plan, judged: Judged, *, outcome: RunOutcome, version: str | None, when: datetime
) -> None:
    """Append a judged run to the log, once."""
    write_down(run, plan, judgement_on(run, plan, judged, outcome=outcome, version=version, when=when))


def judgement_on(
    run: RunDocuments, plan: Plan, judged: Judged, *, outcome: RunOutcome, version: str | None, when: datetime
) -> Judgement:
    """Return the record of how a judged run ended."""
    return Judgement(
        id=run.id,
        outcome=outcome,
        reason=reason_of(run, judged.verdict, outcome),
        production=plan.production,
        version=version,
        batches=run.read(Corpus).batches,
        scores=judged.scores,
        verdict=judged.verdict,
        when=when,
        report=run.read(Report),
        ending=ending_name(run),
    )


def reason_of(run: RunDocuments, verdict: Verdict, outcome: RunOutcome) -> str:
    """Return why a judged run ended as it did: the verdict, and the person who was asked."""
    newest = ending_log(run).newest() if verdict.outcome is Outcome.ASK else None
    if newest is None:
        return verdict.reason
    link = "although" if outcome is RunOutcome.PROMOTED else "as"
    why = f": {newest.record.why}" if newest.record.why else ""
    return f"by {newest.record.who} {link} {verdict.reason}{why}"


def without_verdict(
    run: RunDocuments, plan: Plan, *, outcome: RunOutcome, reason: str, when: datetime
) -> Judgement:
    """Return the record of how a run ended other than by its verdict."""
    judged = None
    with suppress(Outdated):
        judged = run.find(Judged)  # exists if a person was asked
    return Judgement(
        id=run.id,
        outcome=outcome,
        reason=reason,
        production=plan.production,
        version=None,
        batches=plan.batches,
        scores=judged.scores if judged else (),
        verdict=judged.verdict if judged else Verdict(checks=()),
        when=when,
        report=run.find(Report),
        ending=ending_name(run),
    )


def write_down(run: RunDocuments, plan: Plan, judgement: Judgement) -> None:
    """Append a judgement to the log, unless the run has one since it was planned."""
    log = judgements(run.store)
    while judgement_of(run, plan) is None:  # an earlier try may have got this far
        length = log.length()
        refused = bool(judgement.verdict.checks) and judgement.verdict.outcome is not Outcome.PROMOTE
        counted = replace(judgement, not_promoted=count_not_promoted(run.store) + refused)
        # If another run's record takes the place, the next place is as good.
        log.append(counted, after=length)


def count_not_promoted(store: Store) -> int:
    """Return how many runs the gate did not promote, as the newest record that is trusted says."""
    return next((record.not_promoted for _, record in judgements(store).believed() if record), 0)


def find_judged(
    store: Store, run_id: str, *, skip: Callable[[Stored], bool] | None = None
) -> tuple[Judgement | None, FileEntry]:
    """Return the record of a run, None while it is undecided, and the page that explains its verdict.

    Of listed records, `skip` tells which are of other runs, so that they are not read. Raises RegistryError
    if there is no such page.
    """
    run = RunDocuments(store=store, id=run_id)
    unknown = RegistryError(f"no run {run_id!r}; `techner run list` shows the judged ones")
    try:
        check_key(run.key(Plan))
    except StoreError as error:
        raise unknown from error
    plan = run.find(Plan)
    after = plan.judged_before or 0 if plan else 0
    for _, judgement in judgements(store).believed(after=after, skip=skip):
        if judgement and judgement.id == run_id and judgement.report:
            return judgement, judgement.report
    if plan is None or run.find(Judged) is None:
        raise unknown
    return None, run.read(Report)


def judgement_of(run: RunDocuments, plan: Plan) -> Judgement | None:
    """Return what was decided on a run since it was planned, however many other runs have been judged."""
    records = judgements(run.store).records(after=plan.judged_before or 0)
    return next((record for _, record in records if record.id == run.id), None)
