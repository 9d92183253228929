"""A night without Airflow: its tasks one after the other, with progress on stderr."""

from dataclasses import dataclass, replace

from techner.cli.findings import scope_of
from techner.cli.tables import check_table, score_table
from techner.cli.terminal import console, now, out, person, training_bar
from techner.core.errors import AliasConflict, RegistryError
from techner.core.policy import Policies
from techner.core.run_documents import Plan
from techner.core.verdict import Outcome
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.evaluate import evaluate
from techner.night.judge import judge
from techner.night.plan import plan
from techner.night.publish import publish
from techner.night.reject import NOTHING_TO_LEARN, dry_run, reject, skip
from techner.night.uptrain import uptrain
from techner.registry.aliases import production
from techner.runs.judgements import Word
from techner.runs.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asked of a night."""

    batches: tuple[str, ...] = ()
    dry_run: bool = False
    resume: bool = False
    """Go on with the plan that the run has, where it has one."""


def run_stages(run: Run, policies: Policies, wanted: Wanted) -> Outcome | None:
    """Run a night to its end; None where there was nothing to learn from."""
    planned = run.find("plan.json", Plan) if wanted.resume else None
    if planned and (wanted.dry_run or wanted.batches):
        raise RegistryError(f"run {run.id!r} has its plan; go on with it without --dry-run and --batch")
    planned = planned or plan(run, policies, batches=wanted.batches, dry_run=wanted.dry_run)
    if planned is None:
        console.print("nothing is pending")
        return None
    if not _train(run, planned):
        skip(run, Word(who=person(), when=now()))
        console.print(f"{NOTHING_TO_LEARN}; see `techner batch show NAME`")
        return None
    evaluate(run)
    judged = judge(run)
    out.print(score_table(judged.scores), check_table(judged.verdict))
    outcome = judged.verdict.outcome
    word = Word(who=person(), when=now())
    if planned.dry_run:
        dry_run(run, word)
        out.print("dry run: nothing was published")
    elif outcome is Outcome.PROMOTE:
        try:
            out.print(f"published [bold]{publish(run, word)}[/]")
        except AliasConflict as conflict:
            console.print(str(conflict), markup=False)
            return _again(run, policies, planned, wanted)
    elif outcome is Outcome.REJECT:
        reject(run, word)
        out.print(f"rejected: {judged.verdict.reason}; production stays", markup=False)
    else:
        out.print(f"the gate asks a person: `techner run approve {run.id} --why …`, or `run reject`")
        out.print(f"what was lost and gained: `techner run report {run.id} > report.html`", markup=False)
    return outcome


def _again(run: Run, policies: Policies, planned: Plan, wanted: Wanted) -> Outcome | None:
    """Run the night anew on the production that won; what that has learnt already is not learnt twice."""
    learnt = {batch.digest for batch in production(run.store)[1].lineage.batches}
    left = tuple(batch.name for batch in planned.batches if batch.digest not in learnt)
    if not left:
        console.print("nothing is pending: production has learnt these batches meanwhile")
        return None
    again = replace(run, id=f"{run.id}-again")
    return run_stages(again, policies, Wanted(batches=left if wanted.batches else ()))


def _train(run: Run, planned: Plan) -> bool:
    console.print(f"run [bold]{run.id}[/]: {len(planned.batches)} batches on {planned.production}")
    for batch in planned.batches:
        report = admit(run, batch.digest)
        console.print(
            f"  {batch.name}: {report.action}, {report.accepted} accepted, {report.quarantined} quarantined, "
            f"{report.rejected} rejected; scope {scope_of(report)}",
            markup=False,
        )
    corpus = assemble(run)
    if corpus is None:
        return False
    console.print("  corpus: " + ", ".join(f"{number} {name}" for name, number in corpus.counts.items()))
    with training_bar("uptraining") as on_step:
        uptrain(run, on_step=on_step)
    return True
