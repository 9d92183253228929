"""`plan`: which batches are due, and all the settings that the run will use."""

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from techner.core.delivery import BatchRef
from techner.core.errors import BatchError
from techner.core.policy import Policies
from techner.core.run_documents import Plan
from techner.core.scheme import label_scheme
from techner.inbox.choice import choose
from techner.inbox.replaced import was_replaced
from techner.inbox.survey import BatchState, survey
from techner.night import telling
from techner.night.limits import task
from techner.runs.completion import complete
from techner.runs.judgements import count_not_promoted, judgements
from techner.runs.run import Run

log = logging.getLogger("techner.nightly")


@task(writes=(Plan,), keeps=("judgements/",))
def plan(
    run: Run,
    policies: Policies,
    *,
    batches: tuple[str, ...] = (),
    dry_run: bool = False,
    in_question: Mapping[str, str] = MappingProxyType({}),
    most: int | None = None,
    on_states: Callable[[tuple[BatchState, ...]], None] = lambda states: None,
    on_left_out: Callable[[Iterable[str]], None] = lambda runs: None,
) -> Plan | None:
    """Write the run's plan; if no batch is due, write nothing and return None.

    `batches` names the only batches to use, even if they are held. `in_question` has digests of batches that
    are not to be used, each with the run that waits for an answer about it. Of more than `most` that are due,
    the first by name are used, and the others stay due. `on_states` is told what was found, and `on_left_out`
    for which runs batches were left out that would have been used.

    Raises BatchError for a name that is not in the inbox, a batch that cannot be used and more names than
    `most`, SettingsError for a scheme that contradicts itself or the model.
    """
    complete(run.store)
    version, manifest = run.registry.production()
    label_scheme(manifest.pretrained_labels, policies)
    states = survey(run.store, policies, cache=run.cache)
    if [s for s in states if _may_be_used(s, batches) and was_replaced(run.store, s.ref, run.cache)]:
        states = survey(run.store, policies, cache=run.cache)
    on_states(states)
    chosen = _at_most(most, choose(states, batches, in_question), is_named=bool(batches))
    due = [state.ref for state in chosen]
    if waiting := _tell_left(states, due, batches, in_question):
        on_left_out([in_question[ref.digest] for ref in waiting])
    log.info("in the plan: %s%s", telling.names(due), ", as a person asked" if batches else "")
    if not chosen:
        return None
    log.info("on %s, %s%s", version, telling.training(policies.training), ", a dry run" if dry_run else "")
    made = Plan(
        batches=tuple(due),
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


def _at_most(most: int | None, chosen: tuple[BatchState, ...], *, is_named: bool) -> tuple[BatchState, ...]:
    if most is None or len(chosen) <= most:
        return chosen
    if is_named:
        raise BatchError(f"{len(chosen)} batches are named, and a night takes at most {most}: name fewer")
    log.info("left for the next nights: %d batches, as a night takes at most %d", len(chosen) - most, most)
    return chosen[:most]


def _tell_left(
    states: Iterable[BatchState],
    due: Iterable[BatchRef],
    named: tuple[str, ...],
    in_question: Mapping[str, str],
) -> list[BatchRef]:
    """Log what is not in the plan; return what of it would be, were it not in question."""
    digests = {ref.digest for ref in due}
    left = [state for state in states if state.ref.digest not in digests]
    log.info("not in the plan: %s", telling.states(left))
    waiting = [s.ref for s in left if _may_be_used(s, named) and s.ref.digest in in_question]
    if waiting:
        log.info("of these, waiting for an answer: %s", telling.names(waiting))
    return waiting


def _may_be_used(state: BatchState, named: tuple[str, ...]) -> bool:
    return state.ref.name in named if named else state.is_due
