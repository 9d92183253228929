"""`rollback`: point production at an earlier version, and hold the batches learnt since."""

from techner.core.errors import AliasConflict, RegistryError
from techner.core.manifest import Manifest
from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.operate.proof import prove_loads
from techner.registry import PRODUCTION, Registry
from techner.registry.clean_process import Query, query_apart
from techner.registry.lineage import learnt_only_by
from techner.registry.versions import went_back
from techner.runs.judgements import Word
from techner.runs.reservation import reserve
from techner.runs.run import Run


def roll_back(
    run: Run, word: Word, *, to: str | None = None, seen: str | None = None, query: Query = query_apart
) -> tuple[str, tuple[str, ...]]:
    """Point production at `to`, by default its parent; return that version and the names of the held batches.

    The target is fetched and queried first. The batches learnt since are held; otherwise the next night would
    rebuild the version that was taken back. Raises RegistryError if there is nothing to do, and without `to`
    also if the newest move went back already: the call may be a second try of that rollback. Raises
    IntegrityError if the target does not load and answer, AliasConflict if another writer moves production,
    or has moved it from `seen`, where that is given.
    """
    live, manifest = run.registry.production()
    if seen not in (None, live):
        raise AliasConflict(PRODUCTION, seen, live)
    target = to or _one_back(run, live, manifest)
    if target == live:
        raise RegistryError(f"production already names {target}")
    goal = run.registry.manifest(target)
    with reserve(run, goal, version=target):
        prove_loads(run.workspace, goal, query)
        held = _hold_later(run, manifest, goal, word)
        Registry(run.store).move(
            target, expected=live, who=word.who, why=f"rollback: {word.why}", when=word.when
        )
    return target, held


def _one_back(run: Run, live: str, manifest: Manifest) -> str:
    if manifest.parent is None:
        raise RegistryError(f"production is {live}, the origin; there is nothing before it")
    newest = run.registry.log().newest()
    if newest and went_back(newest.record):
        move = newest.record
        raise RegistryError(
            f"production already went back from {move.previous} to {move.version} "
            f"at {move.when:%Y-%m-%d %H:%M} ({move.who}: {move.why}); "
            f"to go back further, add --to {manifest.parent}"
        )
    return manifest.parent


def _hold_later(run: Run, live: Manifest, goal: Manifest, word: Word) -> tuple[str, ...]:
    # Before the alias moves: a hold on what is in production has no effect, so a crash here changes nothing.
    later = learnt_only_by(run.store, live, goal)
    for batch in later:
        decide(run.store, batch, BatchWord.HOLD, who=word.who, why=f"rollback: {word.why}", when=word.when)
    return tuple(batch.name for batch in later)
