"""Eight nights on real data, each a run of the DAG in Airflow: what the model keeps and what it learns.

    python benchmarks/nights.py [--bench ../shared/bench] [--nights 8] [--home FOLDER]

Old F1 is micro F1 on conll2003/test, new F1 on stackoverflow/test: exact spans that no task has seen.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.bench import DEFAULT, Bench, f1, open_bench
from benchmarks.forgetting_nights import batches, begin
from techner.client import ModelStore
from techner.core.records import Judgement
from techner.formats import write_examples
from techner.inbox.submit import submit
from techner.runs.judgements import judgements
from techner.store import open_store
from tools.local.environment import airflow_environment, migrate
from tools.local.night import run_night


def deliver(bench: Bench, folder: Path, nights: int) -> list[Path]:
    """Write the training split as one batch per night, in the order of the file."""
    folder.mkdir(parents=True)
    paths = []
    for night, part in enumerate(batches(bench, nights), 1):
        paths.append(folder / f"night-{night:02d}.jsonl")
        paths[-1].write_bytes(write_examples(part))
    return paths


def row(night: str, outcome: str, models: ModelStore, bench: Bench, seconds: float) -> None:
    nlp = models.load()
    old, new = f1(nlp, bench.old_test), f1(nlp, bench.new_test)
    version = nlp.meta["techner_version"]
    print(f"| {night} | {outcome} | {version} | {old:.4f} | {new:.4f} | {seconds:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--home", type=Path, help="keep the store here; default: a temporary folder")
    asked = parser.parse_args()
    bench = open_bench(asked.bench)
    home = (asked.home or Path(tempfile.mkdtemp(prefix="techner-nights-"))).absolute()
    try:
        simulate(bench, home, asked.nights)
    finally:
        if asked.home is None:
            shutil.rmtree(home)


def simulate(bench: Bench, home: Path, nights: int) -> None:
    url = (home / "store").as_uri()
    environment = airflow_environment(home / "airflow", store=url, cache=home / "cache")
    store, models = open_store(url), ModelStore(url, cache=home / "cache")
    started = time.monotonic()
    begin(store, bench)
    migrate(environment)
    print("| night | outcome | version | old F1 | new F1 | seconds |\n|---|---|---|---|---|---|")
    row("origin", "", models, bench, time.monotonic() - started)
    for night, path in enumerate(deliver(bench, home / "batches", nights), 1):
        submit(store, path)
        started = time.monotonic()
        before = judgements(store).newest()
        run_night(environment, {}, log=home / f"night-{night:02d}.log")
        newest = judgements(store).newest()
        judged: Judgement | None = newest.record if newest and newest != before else None
        outcome = f"{judged.outcome}: {judged.reason}" if judged else "nothing was judged"
        row(str(night), outcome, models, bench, time.monotonic() - started)


if __name__ == "__main__":
    main()
