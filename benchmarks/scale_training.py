"""A training on many examples: how its time and memory grow, and what that comes to for a million."""

import math
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import open_bench
from benchmarks.scale_measures import Measured
from techner.core.examples import Example
from techner.core.policy import TrainingPolicy
from techner.uptraining import TrainingCorpus, make_candidate

REHEARSED = 500
PAPER = (100_000, 1_000_000)
TRAINER_MB = 6000
"""Memory of the trainer in docker-compose.yaml."""


def sentences(rows: tuple[Example, ...], count: int) -> Iterator[Example]:
    """Yield real sentences, each round with another number at the end, as texts must differ."""
    for at in range(count):
        one = rows[at % len(rows)]
        yield replace(one, text=f"{one.text} {at // len(rows)}")


def trained(count: int, epochs: int, folder: Path, base: str) -> Measured:
    """Train on so many new examples in this process, and on 500 rehearsal texts."""
    bench = open_bench(folder)
    train = tuple(sentences(bench.examples("stackoverflow/train"), count))
    corpus = TrainingCorpus(train=train, rehearsal=bench.examples("conll2003/train")[:REHEARSED])
    policy = TrainingPolicy(epochs=epochs)
    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        make_candidate(bench.folder / base, corpus, policy, Path(out, "made"))
    took = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(*took, {}, peak, f"{epochs} epochs")


def trainings(counts: list[int], measured: Callable[[int, int], Measured]) -> None:
    """Print what trainings of so many examples take, and by straight lines what far larger ones would."""
    found: dict[tuple[int, int], Measured] = {}
    for count, epochs in ((counts[0], 1), (counts[0], 2), (counts[-1], 2)):
        found[count, epochs] = one = measured(count, epochs)
        print(f"{count} examples, {one.said}: {one.cpu_s:.0f} CPU s, {one.peak_mb:.0f} MB", flush=True)
    small, twice, large = found.values()
    more = counts[-1] - counts[0]
    pass_s = (twice.cpu_s - small.cpu_s) / counts[0]
    once_s = (large.cpu_s - twice.cpu_s) / more - 2 * pass_s
    each_mb = (large.peak_mb - twice.peak_mb) / more
    print(f"an example: {1000 * pass_s:.1f} CPU ms a pass, {1000 * once_s:.1f} once; {1000 * each_mb:.1f} kB")
    policy = TrainingPolicy()
    for count in PAPER:
        passes = max(math.ceil(policy.presentations / count), policy.least_epochs)
        hours = count * (once_s + passes * pass_s) / 3600
        memory = (twice.peak_mb + each_mb * (count - counts[0])) / 1000
        print(f"{count} examples on paper: {passes} passes, {hours:.1f} CPU hours, {memory:.1f} GB")
    reached = counts[0] + (TRAINER_MB - twice.peak_mb) / each_mb
    print(f"{TRAINER_MB} MB are reached at {reached:.0f} examples")
