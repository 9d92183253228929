"""Nights without Airflow, on real data."""

import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, scores
from techner.core.examples import Example
from techner.core.policy import Policies
from techner.core.run_documents import Judged
from techner.formats import write_examples
from techner.night.reject import reject
from techner.night.whole import whole_night
from techner.operate.initialise import initialise
from techner.registry import Registry
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.store import FolderStore, Store

Figures = dict[str, Any]
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def batches(bench: Bench, nights: int) -> list[tuple[Example, ...]]:
    """Split the new data into one batch per night, in the order of the file."""
    train = bench.examples("stackoverflow/train")
    bounds = [len(train) * night // nights for night in range(nights + 1)]
    return [train[start:stop] for start, stop in pairwise(bounds)]


def begin(store: Store, bench: Bench) -> None:
    """Make the origin from the base model, with the old domain's training text as reference set."""
    initialise(
        store,
        bench.base,
        base="base_model",
        gold=bench.examples("conll2003/train"),
        silver_texts=(),
        holdout=(),
        who="benchmark",
        when=WHEN,
    )


def simulate(
    bench: Bench, policies: Policies, scratch: Path, count: int, *, scored: Callable[[int], bool]
) -> list[Figures]:
    """Run `count` nights; return the time and memory of each, and the scores of production if `scored`."""
    store = FolderStore(scratch / "store")
    begin(store, bench)
    found = []
    for night, batch in enumerate(batches(bench, count), 1):
        store.create(f"inbox/night-{night:02d}.jsonl", write_examples(batch))
        run = Run(store=store, id=f"night-{night:02d}", cache=scratch / "cache")
        started = time.process_time()
        outcome = night_of(run, policies)
        row: Figures = {"night": night, "outcome": outcome, "seconds": time.process_time() - started}
        row["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if scored(night):
            version, manifest = Registry(store).production()
            with run.workspace.model(Registry(store).manifest(version).files) as folder:
                row |= {"version": version, "number": manifest.number} | scores(bench, folder)
        found.append(row)
    return found


def night_of(run: Run, policies: Policies) -> str:
    """Run one night and return the verdict in words; if the gate asks, the candidate is rejected."""
    word, told = Word(who="benchmark", when=WHEN), "nothing pending"
    for done in whole_night(run, policies, lambda: word):
        if isinstance(done.made, Judged):
            told = f"{done.made.verdict.outcome}: {done.made.verdict.reason}"
        if done.task == "skip":
            told = "nothing accepted"
        elif done.task == "ask":
            reject(run, word)
    return told
