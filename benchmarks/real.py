"""Real pipelines: five nights on en_core_web_sm and en_core_web_md, beside the usual recipe.

    python benchmarks/real.py [--bases sm md] [--seeds 3] [--jobs 2] [--no-naive] [--open] [--home FOLDER]

Each base becomes the origin of a store whose reference set is conll2003/train as text alone, so silver. Four
batches of 2 020 sentences are stackoverflow/train in its order, the fifth is the start of stackoverflow/dev.
Old F1 is micro F1 on PERSON and ORG of conll2003/test, which the base was not trained on; agreement is F1
with the origin's spans there, label by label; new F1 is micro F1 on stackoverflow/test. With `--open`, every
night is promoted, and the table says what the default margins would have said. Results are kept in --home,
night by night, so that a stopped benchmark goes on where it stopped.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.bench import DEFAULT, ROOT, Bench, f1, open_bench
from benchmarks.forgetting_nights import WHEN, Figures, night_of
from benchmarks.forgetting_runs import OPEN
from benchmarks.naive import naive
from techner.core.examples import Example
from techner.core.policy import GatePolicy, Policies, TrainingPolicy
from techner.core.run_documents import Evaluation, Speed
from techner.core.scores import Counts, count, total
from techner.evaluation.gate import apply_gate
from techner.formats import write_examples
from techner.operate.initialise import initialise
from techner.runs.run import Run
from techner.store import FolderStore
from techner.uptraining.pipeline import load_pipeline, predict

BASES = ("sm", "md")
GOLD_LABELS = frozenset(("PERSON", "ORG"))
SENTENCES = 2020
LEAST_SPANS = 200
COLUMNS = (
    "base", "seed", "night", "verdict", "old F1", "change", "worst agreement (≥ 200 spans)", "survival",
    "new F1", "CPU s", "peak MiB", "words/s, × origin's", "MB, × origin's",
)  # fmt: skip


def deliveries(bench: Bench) -> list[tuple[Example, ...]]:
    """Return the batches, one a night."""
    train, dev = bench.examples("stackoverflow/train"), bench.examples("stackoverflow/dev")
    return [*(train[night * SENTENCES : (night + 1) * SENTENCES] for night in range(4)), dev[:SENTENCES]]


def base_of(bench: Bench, name: str) -> Path:
    return bench.folder / f"en_core_web_{name}"


def measures(bench: Bench, base: Path, folder: Path) -> Figures:
    """Score a pipeline: old F1 with its change from the base, agreement by label, new F1."""
    nlp, origin = load_pipeline(folder), load_pipeline(base)
    gold = tuple(example.only(GOLD_LABELS) for example in bench.old_test)
    texts = [example.text for example in gold]
    labels = frozenset(origin.get_pipe("ner").labels)  # type: ignore[attr-defined]
    before, after = predict(origin, texts), predict(nlp, texts)
    alike = total(count(was, now, labels) for was, now in zip(before, after, strict=True))
    scored = {
        name: total(
            count(example.spans, spans, GOLD_LABELS) for example, spans in zip(gold, found, strict=True)
        )
        for name, found in (("origin", before), ("candidate", after))
    }
    old = {name: _micro(counts) for name, counts in scored.items()}
    return {
        "old": old["candidate"],
        "change": old["candidate"] - old["origin"],
        "gold": {
            label: (scored["candidate"][label].f1 or 0) - (scored["origin"][label].f1 or 0)
            for label in sorted(GOLD_LABELS)
        },
        "agreement": {
            label: (c.tp + c.fn, c.f1) for label, c in alike.items() if c.tp + c.fn
        },
        "new": f1(nlp, bench.new_test),
    }  # fmt: skip


def _micro(counts: dict[str, Counts]) -> float:
    tp, errors = sum(c.tp for c in counts.values()), sum(c.fp + c.fn for c in counts.values())
    return 2 * tp / (2 * tp + errors)


def nights(bench: Bench, name: str, seed: int, home: Path, *, is_open: bool) -> None:
    """Run the nights of one cell that are not kept yet; each leaves a line of JSON."""
    base, store, kept = base_of(bench, name), FolderStore(home / "store"), home / "nights.jsonl"
    done = kept.read_text().splitlines() if kept.exists() else []
    if not done:
        texts = [example.text for example in bench.examples("conll2003/train")]
        initialise(
            store, base, base=base.name, gold=(), silver_texts=texts, holdout=(), who="benchmark", when=WHEN
        )
    gate = OPEN if is_open else GatePolicy()
    policies = Policies(training=TrainingPolicy(seed=seed), gate=gate)
    for night, batch in enumerate(deliveries(bench), 1):
        if night <= len(done):
            continue
        store.put(f"inbox/night-{night}.jsonl", write_examples(batch))
        run = Run(store=store, id=f"night-{night}", cache=home / "cache")
        started = time.process_time()
        told = night_of(run, policies)
        row: Figures = {"night": night, "verdict": told, "seconds": time.process_time() - started}
        row["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row |= _judged(run)
        with run.workspace.model(run.registry.production()[1].files) as folder:
            row |= measures(bench, base, folder)
        with kept.open("a") as lines:
            lines.write(json.dumps(row) + "\n")
        print(f"{name} seed {seed}: {row}", file=sys.stderr, flush=True)


def _judged(run: Run) -> Figures:
    """Say what the default margins say of the night, and what it measured."""
    evaluation, speed = run.read(Evaluation), run.find(Speed)
    verdict = apply_gate(evaluation, GatePolicy(), speed).verdict
    survival = next(check for check in verdict.checks if check.name == "survival")
    size = evaluation.size_bytes
    return {
        "default": f"{verdict.outcome}: {verdict.reason}",
        "survival": (survival.candidate, survival.support),
        "speed": speed.ratio if speed else None,
        "size": size["candidate"] / size["origin"],
    }


def usual(bench: Bench, name: str, seed: int, home: Path) -> None:
    """Train the usual recipe on all five batches at once."""
    kept, base = home / "nights.jsonl", base_of(bench, name)
    if kept.exists():
        return
    started = time.process_time()
    naive(base, [example for batch in deliveries(bench) for example in batch], home / "out", seed=seed)
    row = {"night": 5, "verdict": "", "seconds": time.process_time() - started}
    row["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept.write_text(json.dumps(row | measures(bench, base, home / "out")) + "\n")


def cell(bench: Path, recipe: str, name: str, seed: int, home: Path, is_open: bool) -> None:  # noqa: FBT001
    home.mkdir(parents=True, exist_ok=True)
    if recipe == "naive":
        usual(open_bench(bench), name, seed, home)
    else:
        nights(open_bench(bench), name, seed, home, is_open=is_open)


def rows(home: Path, cells: Iterable[tuple[str, str, int]]) -> Iterator[tuple[str, ...]]:
    for recipe, name, seed in cells:
        for line in (home / f"{recipe}-{name}-{seed}" / "nights.jsonl").read_text().splitlines():
            yield shown(f"{name}, {recipe}", seed, json.loads(line))


def shown(base: str, seed: int, row: dict[str, Any]) -> tuple[str, ...]:
    enough = {label: found for label, (support, found) in row["agreement"].items() if support >= LEAST_SPANS}
    worst = min(enough, key=lambda label: enough[label] or 0.0)
    kept, of = row.get("survival") or (None, 0)
    return (
        base,
        str(seed),
        str(row["night"]),
        row.get("default", "").partition(":")[0],
        f"{row['old']:.4f}",
        f"{100 * row['change']:+.2f} pt",
        f"{100 * (enough[worst] or 0) - 100:+.2f} pt ({worst})",
        "" if kept is None else f"{kept:.3f} of {of}",
        f"{row['new']:.4f}",
        f"{row['seconds']:.0f}",
        f"{row['peak_mib']:.0f}",
        f"{row['speed']:.2f}" if row.get("speed") else "",
        f"{row['size']:.2f}" if row.get("size") else "",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--home", type=Path, default=ROOT / ".techner" / "real")
    parser.add_argument("--bases", nargs="*", choices=BASES, default=BASES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--open", action="store_true", help="promote every night")
    parser.add_argument("--no-naive", action="store_true", help="leave the usual recipe out")
    asked = parser.parse_args()
    open_bench(asked.bench)
    cells = [("extend", name, seed) for seed in range(asked.seeds) for name in asked.bases]
    cells += [] if asked.no_naive else [("naive", name, 0) for name in asked.bases]
    with ProcessPoolExecutor(asked.jobs, max_tasks_per_child=1) as pool:
        homes = [asked.home / "-".join(map(str, one)) for one in cells]
        running = [
            pool.submit(cell, asked.bench, *one, home, asked.open)
            for one, home in zip(cells, homes, strict=True)
        ]
        for future in running:
            future.result()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for shown_row in rows(asked.home, cells):
        print("| " + " | ".join(shown_row) + " |")


if __name__ == "__main__":
    # One thread per run, and the same bytes every time; both must be set before the interpreter starts.
    fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | fixed)  # noqa: S606
    main()
