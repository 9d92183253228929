"""Promotions whose run was killed before it recorded them: they are recognised by what the run made."""

from collections.abc import Collection, Iterable, Iterator

from techner.core.errors import Outdated
from techner.core.records import Generation, Judgement, RunOutcome
from techner.core.run_documents import Candidate, Judged, Plan, Report
from techner.registry import Registry
from techner.registry.versions import version_number
from techner.runs.documents import RunDocuments, run_of
from techner.runs.judgements import judgement_of, judgement_on, judgements, write_down
from techner.store import Store

RECENT = 10
"""How many of the newest moves a night looks at; the promotions since the last night are among them."""


def decision_on(run: RunDocuments, plan: Plan) -> Judgement | None:
    """Return what was decided on a run; a promotion that is not recorded yet is recorded now."""
    if found := judgement_of(run, plan):
        return found
    if move := _promotion_of(run, plan):
        write_down(run, plan, _judgement(run, plan, move))
    return judgement_of(run, plan)


def complete(store: Store) -> None:
    """Record the promotions among the newest moves that have no judgement."""
    moves = [move for _, move in Registry(store).log().records(limit=RECENT)]
    told = [record for _, record in judgements(store).believed(limit=2 * RECENT) if record]
    for run, plan, judgement in _found(store, {record.version for record in told}, moves):
        write_down(run, plan, judgement)


def untold(store: Store, told: Collection[str | None], moves: Iterable[Generation]) -> tuple[Judgement, ...]:
    """Return the promotions among `moves` that have no judgement; nothing is written.

    `told` are the versions of the judgements that there are.
    """
    return tuple(judgement for _, _, judgement in _found(store, told, moves))


def _found(
    store: Store, told: Collection[str | None], moves: Iterable[Generation]
) -> Iterator[tuple[RunDocuments, Plan, Judgement]]:
    left = {move.previous for move in moves if move.version not in told and _is_forward(move)}
    for run in _judged_runs(store) if left else ():
        plan = run.find(Plan)
        if plan is None or plan.production not in left:
            continue
        move = _promotion_of(run, plan)
        if move and not _is_told(run, plan):
            yield run, plan, _judgement(run, plan, move)


def _is_told(run: RunDocuments, plan: Plan) -> bool:
    records = judgements(run.store).believed(after=plan.judged_before or 0)
    return any(record.id == run.id for _, record in records if record)


def _is_forward(move: Generation) -> bool:
    return move.previous is not None and version_number(move.version) > version_number(move.previous)


def _judged_runs(store: Store) -> Iterator[RunDocuments]:
    for entry in store.list("runs/"):
        if entry.key.endswith("/verdict.json"):
            yield RunDocuments(store=store, id=run_of(entry.key))


def _promotion_of(run: RunDocuments, plan: Plan) -> Generation | None:
    """Return the move that published what this run made, or None.

    Its version has the run's files, report and verdict; its parent is the production of the run's plan.
    """
    try:
        candidate, judged = run.find(Candidate), run.find(Judged)
        report = run.find(Report)
    except Outdated:  # from two tries: such a verdict publishes nothing
        return None
    if plan.dry_run or candidate is None or judged is None or report is None:
        return None
    made = (plan.production, candidate.files, report, judged.verdict)
    names = set()
    for name in run.registry.versions_at(version_number(plan.production) + 1):
        manifest = run.registry.manifest(name)
        if (manifest.parent, manifest.files, manifest.records.get("report.html"), manifest.verdict) == made:
            names.add(name)
    moves = run.registry.log().records() if names else ()
    published = [move for _, move in moves if move.version in names and move.previous == plan.production]
    return published[-1] if published else None


def _judgement(run: RunDocuments, plan: Plan, move: Generation) -> Judgement:
    judged = run.read(Judged)
    return judgement_on(run, plan, judged, outcome=RunOutcome.PROMOTED, version=move.version, when=move.when)
