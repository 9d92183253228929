"""The planned batches that a night goes on without, as its tasks tell each other (ADR 63)."""

from techner.core.delivery import BatchRef
from techner.core.run_documents import Gone, Plan
from techner.documents import dump, parse
from techner.runs.documents import RunDocuments

GONE = "gone"
"""What the names of these documents begin with, below the run: one for each batch, from parallel tasks."""


def say_gone(run: RunDocuments, batch: BatchRef, why: str) -> None:
    """Record that a planned batch is no longer in the inbox as it was planned."""
    run.store.put(_key(run, batch), dump(Gone(batch=batch, why=why)))


def say_there(run: RunDocuments, batch: BatchRef) -> None:
    """Delete that record, if an earlier try of the task wrote one."""
    for entry in run.store.list(_key(run, batch), limit=1):
        run.store.delete(entry.key)


def find_gone(run: RunDocuments, plan: Plan) -> tuple[Gone, ...]:
    """Return the planned batches that are gone."""
    listed = {entry.key for entry in run.store.list(f"{run.folder}{GONE}-")}
    keys = [key for batch in plan.batches if (key := _key(run, batch)) in listed]
    return tuple(parse(Gone, run.store.get(key), where=key) for key in keys)


def _key(run: RunDocuments, batch: BatchRef) -> str:
    return f"{run.folder}{GONE}-{batch.digest}.json"
