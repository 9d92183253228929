"""How well `techner doctor --replay --measure` predicts: a set that it has not seen, an amount not tried.

    python benchmarks/replay.py [extend blend] [--bench ../shared/bench] [--repeats 2] [--home FOLDER]

At a sixteenth of the default sizes: one night of 505 sentences, then the trials of the second night. They are
fitted on the store's regression set (a fifth of conll2003/dev, for `extend` also of 1 000 texts of
conll2003/train that the origin labelled). Then nights with an amount that was not tried are run, and their
old loss on conll2003/test is compared with the prediction. All results are kept in --home, so that a stopped
benchmark goes on; CPU seconds are of one thread.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.bench import DEFAULT, ROOT, Bench, f1, open_bench
from benchmarks.forgetting_nights import WHEN, batches, night_of
from benchmarks.forgetting_runs import smaller
from techner.core.run_documents import Candidate
from techner.evaluation.replay import Estimate, Law, ReplayedNight, Score, Source, fit
from techner.formats import write_examples
from techner.night.trials import amounts_to_try, trial_night, try_out
from techner.night.whole import Wanted, whole_night
from techner.operate.initialise import initialise
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.store import FolderStore
from techner.uptraining.pipeline import load_pipeline

SILVER_TEXTS = 1000
SIXTEENTH = 16
UNTRIED = (0.7, 3.0)
"""Shares of the night's rehearsal texts: between what is tried, and beyond the most of it."""
UNSEEN_SEEDS = (100, 101, 102)
CONFIDENCE = 0.95


def begun(bench: Bench, strategy: str, home: Path) -> FolderStore:
    """Return a store after its first night, with the batch of the second one."""
    store = FolderStore(home / "store")
    if not (home / "begun").exists():
        silver = [example.text for example in bench.examples("conll2003/train")[:SILVER_TEXTS]]
        gold = bench.examples("conll2003/dev")
        initialise(
            store,
            bench.base,
            base="base_model",
            gold=gold,
            silver_texts=silver,
            holdout=(),
            who="benchmark",
            when=WHEN,
        )
        first, second = batches(bench, SIXTEENTH)[:2]
        store.create("inbox/night-1.jsonl", write_examples(first))
        night_of(Run(store=store, id="night-1", cache=home / "cache"), smaller(SIXTEENTH, strategy=strategy))
        store.create("inbox/night-2.jsonl", write_examples(second))
        (home / "begun").touch()
    return store


def trials(strategy: str, repeats: int, home: Path, store: FolderStore) -> list[ReplayedNight]:
    """Run the trials that are not kept yet; each leaves a line of JSON."""
    kept = home / "trials.jsonl"
    done = kept.read_text().splitlines() if kept.exists() else []
    with trial_night(store, home / "cache", smaller(SIXTEENTH, strategy=strategy), gpu=None) as night:
        todo = [(amounts, seed) for seed in range(repeats) for amounts in amounts_to_try(night)]
        for amounts, seed in todo[len(done) :]:
            started = time.process_time()
            found = try_out(night, amounts, seed=seed)
            row = asdict(found) | {"seconds": time.process_time() - started}
            with kept.open("a") as lines:
                lines.write(json.dumps(row) + "\n")
            print(f"{strategy}: {row}", file=sys.stderr, flush=True)
    return [_read(json.loads(line)) for line in kept.read_text().splitlines()]


def _read(row: dict[str, Any]) -> ReplayedNight:
    return ReplayedNight(
        amounts={Source(name): number for name, number in row["amounts"].items()},
        new=row["new"],
        old_loss=Score(**row["old_loss"]),
        new_f1=Score(**row["new_f1"]) if row["new_f1"] else None,
    )


def unseen(bench: Bench, strategy: str, texts: int, home: Path, store: FolderStore) -> list[dict[str, float]]:
    """Run dry nights with this many rehearsal texts, and score their candidates on the test sets."""
    found, origin = [], load_pipeline(bench.base)
    for seed in UNSEEN_SEEDS:
        kept = home / f"unseen-{texts}-{seed}.json"
        if not kept.exists():
            policies = smaller(SIXTEENTH, strategy=strategy)
            changed = replace(
                policies,
                corpus=replace(policies.corpus, rehearsal_texts=texts),
                training=replace(policies.training, seed=seed),
            )
            run = Run(store=store, id=kept.stem, cache=home / "cache")
            for _ in whole_night(run, changed, _sign, Wanted(dry_run=True)):
                pass
            with run.workspace.model(run.read(Candidate).files) as folder:
                nlp = load_pipeline(folder)
                row = {
                    "old_loss": f1(origin, bench.old_test) - f1(nlp, bench.old_test),
                    "new": f1(nlp, bench.new_test),
                }
            kept.write_text(json.dumps(row))
            print(f"{strategy} {texts} texts: {row}", file=sys.stderr, flush=True)
        found.append(json.loads(kept.read_text()))
    return found


def _sign() -> Word:
    return Word(who="benchmark", when=WHEN)


def cell(bench_folder: Path, strategy: str, repeats: int, home: Path) -> str:
    """Return the tables of one strategy."""
    bench = open_bench(bench_folder)
    home.mkdir(parents=True, exist_ok=True)
    store = begun(bench, strategy, home)
    observed = trials(strategy, repeats, home, store)
    loss = fit(observed, lambda night: night.old_loss, confidence=CONFIDENCE)
    new = fit(observed, lambda night: night.new_f1, confidence=CONFIDENCE)
    if loss is None or new is None:
        return f"{strategy}: no law fits"
    parts = [f"\n### {strategy}: {len(observed)} trials\n", *_tried(observed), "", *_doublings(loss, new), ""]
    parts += [
        "| texts | predicted old loss | on conll2003/test | error | stackoverflow/test |",
        "|---" * 5 + "|",
    ]
    whole = observed[0].amounts
    for share in UNTRIED:
        texts = round(share * whole[Source.REHEARSAL])
        predicted = loss.at({**whole, Source.REHEARSAL: texts})
        found = unseen(bench, strategy, texts, home, store)
        actual = [row["old_loss"] for row in found]
        parts.append(
            f"| {texts} | {_points(predicted)} | {100 * mean(actual):+.2f} "
            f"({100 * min(actual):+.2f} … {100 * max(actual):+.2f}) "
            f"| {100 * (predicted.value - mean(actual)):+.2f} | {mean(row['new'] for row in found):.4f} |"
        )
    return "\n".join(parts)


def _tried(observed: list[ReplayedNight]) -> Iterator[str]:
    """Yield the trials as a table, each amount with the mean of its seeds."""
    yield "| rehearsal texts | memory | old loss, points | new F1 |"
    yield "|---" * 4 + "|"
    groups: dict[tuple[int, ...], list[ReplayedNight]] = {}
    for night in observed:
        groups.setdefault(tuple(night.amounts[source] for source in Source), []).append(night)
    for (texts, memory), nights in sorted(groups.items()):
        lost = " ".join(f"{100 * night.old_loss.value:+.2f}" for night in nights)
        learnt = " ".join(f"{night.new_f1.value:.3f}" for night in nights if night.new_f1)
        yield f"| {texts} | {memory} | {lost} | {learnt} |"


def _doublings(loss: Law, new: Law) -> Iterator[str]:
    for source in loss.sources:
        yield (
            f"Twice the {source}: old loss {_points(loss.doubling(source))}, "
            f"new F1 {_points(new.doubling(source))}."
        )
    yield f"Single nights scatter by {100 * loss.scatter:.2f} and {100 * new.scatter:.2f} points."


def _points(found: Estimate) -> str:
    return f"{100 * found.value:+.2f} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strategies", nargs="*", default=["extend", "blend"])
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--home", type=Path, default=ROOT / ".techner" / "replay")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    open_bench(asked.bench)
    with ProcessPoolExecutor(asked.jobs, max_tasks_per_child=1) as pool:
        running = [
            pool.submit(cell, asked.bench, strategy, asked.repeats, asked.home / strategy)
            for strategy in asked.strategies
        ]
        for future in running:
            print(future.result(), flush=True)


if __name__ == "__main__":
    # One thread per run, and the same bytes every time; both must be set before the interpreter starts.
    fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | fixed)  # noqa: S606
    main()
