"""`plan`: which batches are due, and all the settings that the run will use."""

from techner.core.policy import Policies
from techner.core.run_documents import Plan
from techner.core.scheme import label_scheme
from techner.inbox.choice import choose
from techner.inbox.deliveries import was_replaced
from techner.inbox.survey import BatchState, survey
from techner.night.limits import task
from techner.runs.completion import complete
from techner.runs.judgements import count_not_promoted, judgements
from techner.runs.run import Run


@task(writes=(Plan,), keeps=("judgements/",))
def plan(
    run: Run, policies: Policies, *, batches: tuple[str, ...] = (), dry_run: bool = False
) -> Plan | None:
    """Write the run's plan; if no batch is due, write nothing and return None.

    `batches` names the only batches to use, even if they are held. Raises BatchError for a name that is not
    in the inbox and for a batch that cannot be used, SettingsError for a scheme that contradicts itself or
    the model.
    """
    complete(run.store)
    version, manifest = run.registry.production()
    label_scheme(manifest.pretrained_labels, policies)
    states = survey(run.store, policies, cache=run.cache)
    if [s for s in states if _may_be_used(s, batches) and was_replaced(run.store, s.ref, run.cache)]:
        states = survey(run.store, policies, cache=run.cache)
    chosen = choose(states, batches)
    if not chosen:
        return None
    made = Plan(
        batches=tuple(state.ref for state in chosen),
        production=version,
        origin=manifest.origin or version,
        reference=manifest.lineage.reference,
        policies=policies,
        dry_run=dry_run,
        judged_before=judgements(run.store).length(),
        not_promoted=count_not_promoted(run.store),
    )
    run.write(made)
    return made


def _may_be_used(state: BatchState, named: tuple[str, ...]) -> bool:
    return state.ref.name in named if named else state.is_due
