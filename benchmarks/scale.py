"""How far one store goes: years of nights, large nights, many examples, large files.

    python benchmarks/scale.py [--batches 10000] [--versions 1000] [--due 1000] [--root FOLDER]
    python benchmarks/scale.py admit [--deliveries 60] [--workers 1 2 4]
    python benchmarks/scale.py assemble [--examples 100000 1000000]
    python benchmarks/scale.py train [--examples 2000 8000] [--base en_core_web_md] [--bench FOLDER]
    python benchmarks/scale.py file

The first one makes a store without training (a FOLDER that holds one is measured as it is). It prints the
bytes of its history and, of each thing that is done to it in a new process, seconds on the clock and of the
processor, requests to the store, and the peak of memory. `admit` examines deliveries of forty rows in a pool
of processes; the first one in a process imports what it needs, as a task may have to. `assemble`
builds a corpus of so many new examples. `train` trains on few and on more, each in a new process, and
computes what the time and memory of an example come to for a million. `file` gives S3 a sparse file of 10 GB,
and computes what it takes to verify and move as much.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.scale_measures import WORK, Measured, assembled, measure
from techner.core.errors import StoreRefused
from techner.core.policy import Policies
from techner.core.run_documents import Plan
from techner.formats import write_examples
from techner.night.admit import admit
from techner.night.plan import plan
from techner.registry.blobs import file_digest
from techner.runs.run import Run
from techner.store import FolderStore
from techner.store.s3 import S3Store

STORE = Path(__file__).parents[1] / "tests" / "data" / "stores" / "0.1.0.tar.gz"
ROWS = 40


def in_new_process(*arguments: str) -> Measured:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE)
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def store(given: argparse.Namespace, root: Path) -> None:
    if not root.is_dir() or not any(root.iterdir()):
        from benchmarks.scale_store import fill  # not in the processes that are measured: it imports much

        began = time.perf_counter()
        made = fill(root, versions=given.versions, batches=given.batches, due=given.due)
        print(f"made in {time.perf_counter() - began:.0f} s")
        now = made.manifests + made.parts + made.cards
        before = made.manifests_before + made.cards_before
        print(f"history {now / 1e6:.1f} MB, before ADR 55 {before / 1e6:.1f} MB: {made}")
    print(f"{'':18} {'s':>8} {'CPU s':>8} {'MB':>6}  requests")
    with tempfile.TemporaryDirectory() as cache:
        for name in WORK:
            found = in_new_process("--ask", name, "--root", str(root), "--cache", cache)
            calls = ", ".join(f"{count} {kind}" for kind, count in sorted(found.calls.items()))
            row = f"{name:18} {found.seconds:8.2f} {found.cpu_s:8.2f} {found.peak_mb:6.0f}"
            print(f"{row}  {calls} ({found.said})", flush=True)


def night(root: Path, count: int) -> Run:
    """Return a run whose plan has so many deliveries, on a store with a small model."""
    from techner.starter import slot_examples  # only here, as it imports spaCy

    with tarfile.open(STORE) as archive:
        archive.extractall(root / "store", filter="data")
    run = Run(store=FolderStore(root / "store"), id="measured", cache=root / "cache")
    examples = slot_examples("tech", count * ROWS, seed=3)
    for at in range(count):
        part = [replace(one, text=f"{one.text} ({at})") for one in examples[at * ROWS : (at + 1) * ROWS]]
        run.store.create(f"inbox/large-{at:05d}.jsonl", write_examples(part))
    if plan(run, Policies()) is None:
        raise SystemExit("nothing was due")
    return run


class Examined(NamedTuple):
    cpu_s: float
    is_first: bool
    """In its process: what the examination imports is in its time."""
    accepted: bool


def examine(root: Path, digest: str) -> Examined:
    is_first = "techner.quality.examine" not in sys.modules
    run = Run(store=FolderStore(root / "store"), id="measured", cache=root / "cache")
    cpu = time.process_time()
    action = admit(run, digest).action
    return Examined(time.process_time() - cpu, is_first, action != "reject")


def admissions(count: int, workers: list[int]) -> None:
    """Print how long it takes to examine so many deliveries."""
    for number in workers:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            batches = [ref.digest for ref in night(root, count).read(Plan).batches]
            began = time.perf_counter()
            with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
                done = list(pool.map(partial(examine, root), batches))
            took = time.perf_counter() - began
            first, later = ([one.cpu_s for one in done if one.is_first is kind] for kind in (True, False))
            accepted = sum(one.accepted for one in done)
            print(f"{number} processes: {count} deliveries in {took:.1f} s, {accepted} accepted;", end=" ")
            cpu = f"{median(first):.2f}, of each other {median(later or [0.0]):.2f}"
            print(f"CPU s of the first in a process {cpu}", flush=True)


def large_file() -> None:
    """Print what S3 says of a file of 10 GB, and what it takes to verify and to move one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors")
        with path.open("wb") as file:
            file.truncate(10 * 10**9)
        try:
            S3Store(None, "bucket").upload("blobs/x", path)  # type: ignore[arg-type] # it is not asked
        except StoreRefused as error:
            print(error)
        with path.open("r+b") as file:
            file.truncate(10**9)
        cpu = time.process_time()
        file_digest(path)
        cpu = time.process_time() - cpu
    print(f"10 GB on paper: {10 * cpu:.0f} CPU s for a SHA-256, 80 s to move at 1 Gbit/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="store", choices=("store", "admit", "assemble", "train", "file")
    )
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=1000)
    parser.add_argument("--due", type=int, default=1000)
    parser.add_argument("--deliveries", type=int, default=60, help="deliveries to examine")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--examples", type=int, nargs="*")
    parser.add_argument("--base", default="en_core_web_md", help="the pipeline to train, in --bench")
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench"), help="data of the benchmarks")
    parser.add_argument("--root", type=Path, help="keep the store here")
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--assemble", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--train", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(measure(given.ask, given.root, given.cache)))
    elif given.assemble:
        print(json.dumps(assembled(given.assemble)))
    elif given.train:
        from benchmarks.scale_training import trained

        count, epochs = given.train
        print(json.dumps(trained(count, epochs, given.bench, given.base)))
    elif given.what == "train":
        from benchmarks.scale_training import trainings

        where = "--bench", str(given.bench), "--base", given.base
        trainings(
            given.examples or [2000, 8000],
            lambda count, epochs: in_new_process("--train", str(count), str(epochs), *where),
        )
    elif given.what == "admit":
        admissions(given.deliveries, given.workers)
    elif given.what == "assemble":
        for count in given.examples or (100_000, 1_000_000):
            found = in_new_process("--assemble", str(count))
            took = f"{found.seconds:.1f} s, {found.cpu_s:.1f} CPU s, {found.peak_mb:.0f} MB"
            print(f"{count} examples: {took}; {found.said}", flush=True)
    elif given.what == "file":
        large_file()
    elif given.root:
        store(given, given.root)
    else:
        with tempfile.TemporaryDirectory() as folder:
            store(given, Path(folder))


if __name__ == "__main__":
    main()
