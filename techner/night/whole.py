"""A whole night in one process, its tasks in the order to which tests hold the DAG."""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import NamedTuple, assert_never

from techner.core.delivery import BatchRef, QualityReport
from techner.core.errors import AliasConflict, BatchGone, RegistryError
from techner.core.policy import Policies
from techner.core.run_documents import Candidate, Corpus, Evaluation, Judged, Plan
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.evaluate import evaluate
from techner.night.judge import judge
from techner.night.order import LastTask, end_of
from techner.night.plan import plan
from techner.night.publish import publish
from techner.night.reject import dry_run, reject, skip
from techner.night.uptrain import uptrain
from techner.registry.clean_process import Query, query_apart
from techner.registry.lineage import learnt
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.uptraining import Step, make_candidate
from techner.uptraining.task import Uptrained

OnStep = Callable[[Step], None]


class Done(NamedTuple):
    """A finished task, and the document that it made; else why it made none."""

    task: str
    run: Run
    made: (
        Plan
        | QualityReport
        | BatchGone
        | Corpus
        | Candidate
        | Evaluation
        | Judged
        | AliasConflict
        | str
        | None
    ) = None


class Wanted(NamedTuple):
    """What a person asks of one night."""

    batches: tuple[str, ...] = ()
    """Names of the only batches to use, held or not; empty: all that are due."""
    dry_run: bool = False
    resume: bool = False
    """Go on with the run's plan, if it has one."""


def whole_night(
    run: Run,
    policies: Policies,
    sign: Callable[[], Word],
    wanted: Wanted = Wanted(),  # noqa: B008 - immutable
    *,
    training: Callable[[], AbstractContextManager[OnStep]] = lambda: nullcontext(lambda step: None),
    train: Callable[..., Uptrained] = make_candidate,
    query: Query = query_apart,
) -> Iterator[Done]:
    """Run a night, and yield each task when it is done; yield nothing if no batch is due.

    A caller that stops iterating stops the night there. `sign` gives the word that ends the run; `training`
    is entered for the time of the training, and what it yields is called with each step; a caller that
    repeats a night may pass a `train` and a `query` that remember their results. If production has moved
    meanwhile, the night is run again on the new production, as another run. Raises what its tasks raise.
    """
    planned = _planned(run, policies, wanted)
    if planned is None:
        return
    yield Done("plan", run, planned)
    for batch in planned.batches:
        yield Done("admit", run, _admitted(run, batch))
    gc.collect()  # pipelines are cycles: until they are collected, each task finds those of the last one
    corpus = assemble(run)
    if corpus is None:
        yield Done("skip", run, skip(run, sign()))
        return
    yield Done("assemble", run, corpus)
    with training() as on_step:
        candidate = uptrain(run, on_step=on_step, train=train)
    gc.collect()
    yield Done("uptrain", run, candidate)
    yield Done("evaluate", run, evaluate(run))
    gc.collect()
    judged = judge(run)
    yield Done("judge", run, judged)
    end = end_of(judged.verdict.outcome, dry_run=planned.dry_run)
    try:
        yield Done(end, run, _end(end, run, sign, query))
    except AliasConflict as conflict:
        yield Done("superseded", run, conflict)
        if left := _not_learnt(run, planned, corpus):
            again = Wanted(batches=left if wanted.batches else ())
            anew = replace(run, id=f"{run.id}-again")
            yield from whole_night(anew, policies, sign, again, training=training, train=train, query=query)


def _planned(run: Run, policies: Policies, wanted: Wanted) -> Plan | None:
    planned = run.find(Plan) if wanted.resume else None
    if planned and (wanted.dry_run or wanted.batches):
        raise RegistryError(f"run {run.id!r} has a plan already; go on with it without --dry-run and --batch")
    return planned or plan(run, policies, batches=wanted.batches, dry_run=wanted.dry_run)


def _admitted(run: Run, batch: BatchRef) -> QualityReport | BatchGone:
    try:
        return admit(run, batch.digest)
    except BatchGone as found:
        return found


def _end(end: LastTask, run: Run, sign: Callable[[], Word], query: Query) -> Judged | str | None:
    match end:
        case LastTask.PUBLISH:
            return publish(run, sign(), query=query)
        case LastTask.REJECT:
            return reject(run, sign())
        case LastTask.DRY_RUN:
            return dry_run(run, sign())
        case LastTask.ASK:
            return None
        case _:
            assert_never(end)


def _not_learnt(run: Run, planned: Plan, corpus: Corpus) -> tuple[str, ...]:
    """Return the planned batches that are there, and that production has not learnt meanwhile."""
    _, manifest = run.registry.production()
    known = {batch.digest for batch in learnt(run.store, manifest)} | {
        one.batch.digest for one in corpus.gone
    }
    return tuple(batch.name for batch in planned.batches if batch.digest not in known)
