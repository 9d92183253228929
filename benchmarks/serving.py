"""Serving for months: how memory grows with texts full of unknown words, from several threads.

    python benchmarks/serving.py [--texts 1000000] [--threads 8] [--model ../shared/bench/base_model]

Prints the peak of resident memory in each tenth, and the texts per CPU second of `Served.entities` and
those of a bare `nlp.pipe` in one thread, which keeps every word. Both read new texts of the same length, and
each goes first in every second round: on a shared machine, one round's ratio strays by up to a fifth, so read
the median. Needs Linux, whose kernel records the peak.
Much of the difference is the tokenizer, which caches no word in a memory zone: `Served` has it cache
the words that the model knows.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped]
import spacy

from techner.client import Served

BATCH = 128


def texts(start: int, count: int) -> list[str]:
    """Return `count` sentences, each with three words that occur nowhere else."""
    return [
        f"David wrote qx{number}zt for w{number:x}k in Paris, and Acme's vr{number * 7919}ol used it."
        for number in range(start, start + count)
    ]


def batches(start: int, count: int) -> Iterator[list[str]]:
    for first in range(start, start + count, BATCH):
        yield texts(first, min(BATCH, start + count - first))


def peak_mb() -> float:
    """Return the most resident memory since the last call, in MB."""
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    return peak * 1024 / 1e6


def serve(served: Served, pool: ThreadPoolExecutor, *, count: int, threads: int, start: int) -> float:
    """Read `count` texts in the `threads` threads of `pool` and return CPU seconds."""
    share = count // threads

    def one_user(number: int) -> int:
        return sum(len(served.entities(batch)) for batch in batches(start + share * number, share))

    begun = time.process_time()
    answered = sum(pool.map(one_user, range(threads)))
    if answered != share * threads:
        raise SystemExit(f"{answered} answers to {share * threads} texts")
    return time.process_time() - begun


def bare(model: Path, *, count: int, start: int) -> float:
    """Read `count` texts with a pipeline of its own; print the MB it gained, and return CPU seconds."""
    nlp = spacy.load(model)
    for _ in nlp.pipe(texts(start + count, BATCH)):  # the served pipeline has read before too
        pass
    gc.collect()
    before = psutil.Process().memory_info().rss
    begun = time.process_time()
    for batch in batches(start, count):
        for doc in nlp.pipe(batch):
            _ = [(ent.start_char, ent.end_char, ent.label_, ent.text) for ent in doc.ents]
    seconds = time.process_time() - begun
    print(f"bare spaCy kept {(psutil.Process().memory_info().rss - before) / 1e6:+.1f} MB")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--model", type=Path, default=Path("../shared/bench/base_model"))
    parser.add_argument("--rounds", type=int, default=8, help="pairs of timings")
    options = parser.parse_args()
    served = Served("0000-bench", spacy.load(options.model), reload=lambda: spacy.load(options.model))
    # One pool, as a service has: each thread gets a heap of its own from the C library, and keeps it.
    with ThreadPoolExecutor(options.threads) as pool:
        measure(served, pool, options)


def measure(served: Served, pool: ThreadPoolExecutor, options: argparse.Namespace) -> None:
    """Print the peak of memory in each tenth, then what `compare` prints."""
    tenth, threads = options.texts // 10, options.threads
    figures = []
    for part in range(10):
        seconds = serve(served, pool, count=tenth, threads=threads, start=part * tenth)
        figures.append(peak_mb())
        done = f"after {(part + 1) * tenth:>9} texts"
        print(f"{done}: {figures[-1]:7.1f} MB, {tenth / seconds:7.0f} texts/CPU s", flush=True)
    later = figures[1:]
    print(
        f"growth after the first tenth: {100 * (max(later) / figures[0] - 1):+.1f} % at most, "
        f"{100 * (sum(later) / len(later) / figures[0] - 1):+.1f} % on average"
    )
    compare(served, pool, options, sample=min(tenth, 20_000))


def compare(served: Served, pool: ThreadPoolExecutor, options: argparse.Namespace, *, sample: int) -> None:
    """Print pairs of timings, and how they compare."""
    ratios = []
    for number in range(options.rounds):
        start = options.texts + 2 * number * sample
        readers = [
            ("bare", partial(bare, options.model, count=sample, start=start)),
            (
                "served",
                partial(serve, served, pool, count=sample, threads=options.threads, start=start + sample),
            ),
        ]
        if number % 2:
            readers.reverse()
        seconds = {name: read() for name, read in readers}
        ratios.append(seconds["bare"] / seconds["served"])
        rates = (f"{name} {sample / seconds[name]:7.0f}" for name in ("bare", "served"))
        print(f"texts/CPU s: {', '.join(rates)}", flush=True)
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"served over bare: median {median(ratios):.2f}, least {min(ratios):.2f} ({each})")


if __name__ == "__main__":
    main()
