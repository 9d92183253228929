"""Trials: a night's candidate made again with other amounts of replay, scored, and published nowhere."""

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from techner.core.errors import RegistryError
from techner.core.policy import Policies
from techner.core.run_documents import Corpus, Plan, Speed
from techner.core.sampling import bottom_k
from techner.evaluation.replay import Amounts, ReplayedNight, Source, replayed_in, replayed_night
from techner.formats import read_examples, write_examples
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.evaluate import evaluate
from techner.night.inputs import recorded
from techner.night.plan import plan
from techner.night.uptrain import uptrain
from techner.registry.blobs import load_bytes, save_bytes
from techner.registry.workspace import Workspace
from techner.runs.documents import RunDocuments
from techner.runs.judgements import judgements
from techner.runs.run import Run
from techner.store import FolderStore, Store
from techner.store.overlay import OverlayStore
from techner.uptraining import Step

SHARES = (0.25, 0.5, 1.0)
"""What is tried of today's rehearsal texts and of the replay memory, each while the other is whole."""

ALL = 10**9
NO_SPEED = Speed(words=0, candidate=1.0, origin=1.0)
"""Stands in a trial for its speed, which does not depend on replay and takes long to measure."""


@dataclass(frozen=True, kw_only=True)
class TrialNight:
    """A night that was planned and assembled on top of a store, without writing to it."""

    run: Run
    plan: Plan
    amounts: Amounts
    """What the night itself would replay."""
    available: int
    """Rehearsal texts that there are."""


@contextmanager
def trial_night(store: Store, cache: Path, policies: Policies, *, gpu: int | None) -> Iterator[TrialNight]:
    """Yield today's night, else the newest one that can be repeated, with today's settings.

    All that it writes goes into a temporary folder in `cache`. Raises RegistryError if there is no such
    night, or nothing to learn in it.
    """
    with Workspace(store=store, cache=cache).scratch() as scratch:
        overlay = OverlayStore(inner=store, upper=FolderStore(scratch / "store"))
        run = Run(store=overlay, id="replay", cache=scratch / "cache", gpu=gpu)
        planned = plan(run, policies, dry_run=True) or _repeated(run, policies)
        run.write(_with_texts(planned, ALL))
        for batch in planned.batches:
            admit(run, batch.digest)
        corpus = assemble(run)
        if corpus is None:
            raise RegistryError("nothing can be learnt from the batches of this night: deliver another batch")
        available = corpus.counts["rehearsal"]
        drawn = min(available, policies.corpus.rehearsal_texts)
        amounts = replayed_in(corpus) | {Source.REHEARSAL: drawn}
        yield TrialNight(run=run, plan=planned, amounts=amounts, available=available)


def _repeated(run: Run, policies: Policies) -> Plan:
    """Return the newest plan whose inputs are still there, with today's settings."""
    for _, judgement in judgements(run.store).believed():
        planned = RunDocuments(store=run.store, id=judgement.id).find(Plan) if judgement else None
        if planned and {planned.production, planned.origin} <= set(run.registry.versions()):
            return replace(planned, policies=policies, dry_run=True)
    raise RegistryError("no batch is due, and no past night is left to repeat: deliver a batch first")


def amounts_to_try(night: TrialNight) -> list[Amounts]:
    """Return what the night has, then less of each source, and twice its texts if there are as many."""
    whole = dict(night.amounts)
    shares: dict[Source, tuple[float, ...]] = dict.fromkeys(Source, SHARES)
    if 2 * whole[Source.REHEARSAL] <= night.available:
        shares[Source.REHEARSAL] = (*SHARES, 2.0)
    others = (whole | {source: ceil(share * whole[source])} for source in Source for share in shares[source])
    tried: list[Amounts] = [whole, *others]
    return [one for place, one in enumerate(tried) if one not in tried[:place]]


def try_out(
    night: TrialNight, amounts: Amounts, *, seed: int, on_step: Callable[[Step], None] = lambda step: None
) -> ReplayedNight:
    """Train and score the night's candidate with these amounts; another `seed` draws other texts too.

    Raises RegistryError if no gold scores the pretrained labels.
    """
    with TemporaryDirectory(dir=night.run.cache.parent) as scratch:
        store = OverlayStore(inner=night.run.store, upper=FolderStore(Path(scratch)))
        run = replace(night.run, store=store, id="trial", seen={})
        policies = night.plan.policies
        planned = _with_texts(night.plan, amounts[Source.REHEARSAL])
        training = replace(policies.training, seed=seed)
        run.write(replace(planned, policies=replace(planned.policies, training=training)))
        corpus = assemble(run)
        if corpus is None:
            raise AssertionError("the night had something to learn before")
        run.write(_thinned(run, corpus, amounts[Source.MEMORY]))
        uptrain(run, on_step=on_step)
        run.write(NO_SPEED)
        found = replayed_night(evaluate(run), run.read(Corpus), policies.gate)
    gc.collect()  # pipelines are cycles: the next trial would find those of this one
    if found is None:
        raise RegistryError(
            "no annotated text scores the pretrained labels: `techner doctor` says what the set lacks"
        )
    return found


def _with_texts(planned: Plan, texts: int) -> Plan:
    corpus = replace(planned.policies.corpus, rehearsal_texts=texts)
    return replace(planned, policies=replace(planned.policies, corpus=corpus))


def _thinned(run: Run, corpus: Corpus, count: int) -> Corpus:
    """Leave about `count` examples of the replay memory: those that a smaller memory would have kept."""
    memory = recorded(run, run.registry.manifest(run.read(Plan).production), "memory.jsonl")
    train = read_examples(load_bytes(run.store, corpus.train), where=corpus.train.path)
    taught = set(train)
    present = [example for example in memory if example in taught]

    def size(per_label: int) -> int:
        return len(bottom_k(present, per_label=per_label))

    per_label = bisect_right(range(len(present) + 1), count, key=size) - 1
    gone = set(present) - set(bottom_k(present, per_label=per_label))
    left = tuple(example for example in train if example not in gone)
    entry = save_bytes(run.store, write_examples(left), path=corpus.train.path)
    counts = corpus.counts | {"replayed": corpus.counts["replayed"] - (len(train) - len(left))}
    return replace(corpus, train=entry, counts=counts)
