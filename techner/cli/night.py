"""A night without Airflow, with progress on stderr."""

from functools import partial

from techner.cli.findings import scope_of
from techner.cli.tables import check_table, score_table
from techner.cli.terminal import console, now, out, person, training_bar
from techner.core.delivery import QualityReport
from techner.core.errors import BatchGone
from techner.core.policy import Policies
from techner.core.run_documents import Corpus, Judged, Plan
from techner.core.verdict import Outcome
from techner.night.whole import Done, Wanted, whole_night
from techner.runs.judgements import Word
from techner.runs.run import Run


def tell_night(run: Run, policies: Policies, wanted: Wanted) -> Outcome | None:
    """Run a night to its end, and say what each task did; None if there was nothing to learn from."""
    outcome, last = None, None
    bar = partial(training_bar, "uptraining")
    try:
        for done in whole_night(run, policies, _sign, wanted, training=bar):
            _tell(done)
            run, last = done.run, done.task
            match done:
                case Done(task="judge", made=Judged(verdict=verdict)):
                    outcome = verdict.outcome
                case Done(task="superseded"):
                    outcome = None
    except KeyboardInterrupt:
        if last:  # it has a plan
            console.print(
                f"go on with `techner run night --run-id {run.id}`, or end the run: "
                f"`techner run abandon {run.id} --why …`",
                markup=False,
            )
        raise
    if last is None:
        console.print("nothing is pending")
    elif last == "superseded":
        console.print("nothing is pending: production has learnt these batches in the meantime")
    return outcome


def _tell(done: Done) -> None:
    match done:
        case Done(task="plan", made=Plan() as plan):
            console.print(f"run [bold]{done.run.id}[/]: {len(plan.batches)} batches on {plan.production}")
        case Done(task="admit", made=QualityReport() as report):
            console.print(
                f"  {report.batch.name}: {report.action}, {report.accepted} accepted, "
                f"{report.quarantined} quarantined, {report.rejected} rejected; scope {scope_of(report)}",
                markup=False,
            )
        case Done(task="admit", made=BatchGone() as gone):
            console.print(
                f"  {gone.name}: left out, {gone.why}; the next night takes what is there", markup=False
            )
        case Done(task="assemble", made=Corpus(counts=counts)):
            console.print("  corpus: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
        case Done(task="judge", made=Judged() as judged):
            out.print(score_table(judged.scores), check_table(judged.verdict))
        case _:
            _tell_end(done)


def _tell_end(done: Done) -> None:
    match done:
        case Done(task="dry_run"):
            out.print("dry run: nothing was published")
        case Done(task="skip"):
            console.print(f"{done.made}; see `techner batch show NAME`", markup=False)
        case Done(task="publish"):
            out.print(f"published [bold]{done.made}[/]")
        case Done(task="superseded"):
            console.print(str(done.made), markup=False)
        case Done(task="reject", made=Judged(verdict=verdict)):
            out.print(f"rejected: {verdict.reason}; production stays", markup=False)
        case Done(task="ask"):
            name = done.run.id
            out.print(
                f"the gate asks a person: `techner run approve {name} --why …`, or `techner run reject`"
            )
            out.print(f"what was lost and gained: `techner run report {name} > report.html`", markup=False)


def _sign() -> Word:
    return Word(who=person(), when=now())
