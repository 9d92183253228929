"""What a model forgets and what it learns: one shot, a small batch, eight nights, thirty nights, speed.

    python benchmarks/forgetting.py [TABLE…] [--bench ../shared/bench] [--seeds 3] [--jobs 2] [--home FOLDER]

Old F1 is micro F1 on conll2003/test, new F1 on stackoverflow/test: exact spans, never seen in training.
Seconds are CPU seconds of one thread. The result of every run is kept in --home, so that a stopped benchmark
goes on where it stopped; `--fresh` deletes the results.
"""

import argparse
import json
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks import forgetting_tables as tables
from benchmarks.bench import DEFAULT, ROOT, open_bench
from benchmarks.forgetting_runs import RUNS


def cells(wanted: list[str], seeds: int) -> list[tuple[str, str, int]]:
    """Return run, recipe and seed of everything the tables need, the longest first."""
    found = [
        (name, recipe, seed)
        for name in wanted
        for recipe in tables.RECIPES[name]
        for seed in range(1 if name in tables.ONCE or (name, recipe) in tables.ONCE else seeds)
    ]
    return sorted(found, key=lambda cell: -tables.WEIGHT[cell[0]])


def measure(cell: tuple[str, str, int], bench: Path, home: Path) -> dict[str, Any]:
    """Run one cell, unless its result is kept."""
    name, recipe, seed = cell
    kept = home / f"{name}-{recipe}-{seed}.json"
    if not kept.exists():
        scratch = home / f"{name}-{recipe}-{seed}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        found = RUNS[name](open_bench(bench), recipe, seed, scratch)
        shutil.rmtree(scratch)
        kept.write_text(json.dumps(found, indent=1))
    return dict(json.loads(kept.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", choices=[[], *tables.RECIPES], help="default: all")
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--home", type=Path, default=ROOT / ".techner" / "forgetting")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", metavar="RECIPE", help="run these cells alone, and print no table")
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    open_bench(asked.bench)
    if asked.fresh:
        shutil.rmtree(asked.home, ignore_errors=True)
    asked.home.mkdir(parents=True, exist_ok=True)
    wanted = asked.tables or list(tables.RECIPES)
    todo, results = [c for c in cells(wanted, asked.seeds) if asked.only in (None, c[1])], {}
    with ProcessPoolExecutor(asked.jobs, max_tasks_per_child=1) as pool:
        futures = {pool.submit(measure, cell, asked.bench, asked.home): cell for cell in todo}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            print(f"{len(results)}/{len(todo)} {futures[future]}", file=sys.stderr, flush=True)
    for name in () if asked.only else wanted:
        print(tables.TABLES[name]({cell: found for cell, found in results.items() if cell[0] == name}))


if __name__ == "__main__":
    # One thread per run, and the same bytes every time; both must be set before the interpreter starts.
    fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | fixed)  # noqa: S606
    main()
