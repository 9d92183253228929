"""Eight nights on real data, each a run of the DAG in Airflow: what is kept, what is learnt.

    python benchmarks/nights.py [--bench ../shared/bench] [--nights 8] [--home FOLDER]

Old F1 is micro F1 on conll2003/test, new F1 on stackoverflow/test: exact spans, never seen by any stage.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from spacy.language import Language

from techner.cli.talk import now, person
from techner.client import ModelStore
from techner.core.examples import Example
from techner.core.manifest import Judgement
from techner.core.scores import count, micro, total
from techner.formats import read_examples, write_examples
from techner.local.environment import ROOT, airflow_environment, migrate
from techner.local.night import run_night
from techner.stages.inbox import submit
from techner.stages.initialise import initialise
from techner.stages.judgements import judgements
from techner.store import open_store
from techner.uptraining.pipeline import predict


def examples(path: Path) -> tuple[Example, ...]:
    return read_examples(path.read_bytes(), where=str(path))


def f1(nlp: Language, gold: tuple[Example, ...]) -> float:
    """Micro F1 over the labels of the gold set."""
    labels = frozenset(span.label for example in gold for span in example.spans)
    found = predict(nlp, [example.text for example in gold])
    rows = [count(example.spans, spans, labels) for example, spans in zip(gold, found, strict=True)]
    return micro(total(rows)).f1 or 0.0


def deliver(bench: Path, folder: Path, nights: int) -> list[Path]:
    """Write the training split as one batch a night, in the order of the file."""
    folder.mkdir(parents=True)
    train = examples(bench / "stackoverflow" / "train.jsonl")
    paths = []
    for night in range(nights):
        part = train[night * len(train) // nights : (night + 1) * len(train) // nights]
        paths.append(folder / f"night-{night + 1:02d}.jsonl")
        paths[-1].write_bytes(write_examples(part))
    return paths


def row(night: str, outcome: str, models: ModelStore, bench: Path, seconds: float) -> None:
    nlp = models.load()
    old, new = (f1(nlp, examples(bench / name / "test.jsonl")) for name in ("conll2003", "stackoverflow"))
    print(f"| {night} | {outcome} | {old:.4f} | {new:.4f} | {seconds:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=ROOT.parent / "shared" / "bench")
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--home", type=Path, help="keep the store here; default: a temporary folder")
    asked = parser.parse_args()
    if not asked.bench.is_dir():
        sys.exit(
            f"{asked.bench} is missing: give --bench a folder with base_model, conll2003 and stackoverflow"
        )
    home = (asked.home or Path(tempfile.mkdtemp(prefix="techner-nights-"))).absolute()
    try:
        simulate(asked.bench, home, asked.nights)
    finally:
        if asked.home is None:
            shutil.rmtree(home)


def simulate(bench: Path, home: Path, nights: int) -> None:
    url = (home / "store").as_uri()
    environment = airflow_environment(home / "airflow", store=url, cache=home / "cache")
    store, models = open_store(url), ModelStore(url, cache=home / "cache")
    started = time.monotonic()
    initialise(
        store,
        bench / "base_model",
        base="base_model",
        gold=examples(bench / "conll2003" / "train.jsonl"),
        silver_texts=(),
        holdout=(),
        who=person(),
        when=now(),
    )
    migrate(environment)
    print("| night | outcome | old F1 | new F1 | seconds |\n|---|---|---|---|---|")
    row("origin", "", models, bench, time.monotonic() - started)
    for night, path in enumerate(deliver(bench, home / "batches", nights), 1):
        submit(store, path)
        started = time.monotonic()
        before = judgements(store).newest()
        run_night(environment, {}, log=home / f"night-{night:02d}.log")
        newest = judgements(store).newest()
        judged: Judgement | None = newest[1] if newest and newest != before else None
        outcome = f"{judged.outcome}: {judged.reason}" if judged else "nothing was judged"
        row(str(night), outcome, models, bench, time.monotonic() - started)


if __name__ == "__main__":
    main()
