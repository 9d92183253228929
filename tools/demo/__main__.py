"""Two nights, end to end: a good one is promoted, a poor one is rejected."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from techner.cli.tables import check_table, score_table
from techner.cli.terminal import console, now, out, person, training_bar
from techner.client import ModelStore
from techner.core.errors import TechnerError
from techner.core.records import Judgement
from techner.corpus.reference import load_reference
from techner.formats import read_examples, write_examples
from techner.inbox.submit import submit
from techner.operate.base_model import base_folder
from techner.operate.initialise import initialise
from techner.runs.judgements import judgements
from techner.starter import corpus_examples
from techner.store import Store, open_store
from techner.uptraining.pipeline import load_pipeline
from tools.demo.material import TECH, holdout, write_batches
from tools.demo.show import old_f1, side_by_side, tasks
from tools.local.environment import ROOT, airflow_environment, migrate
from tools.local.night import run_night

HOME = ROOT / ".techner" / "demo"
SETTINGS = {
    # Half a point, the default, is five of the demo's 1 084 gold spans: too few for a demo to depend on.
    "TECHNER_GATE__MICRO_MARGIN": "0.015",
    "TECHNER_GATE__MACRO_MARGIN": "0.02",
    "TECHNER_TRAINING__PRESENTATIONS": "16000",  # half the default: the demo is short
}
NAIVE_EPOCHS = 5  # forgets as much as thirty, and the demo is short


@dataclass(frozen=True)
class Demo:
    store: Store
    environment: dict[str, str]
    models: ModelStore


def main() -> None:
    """Run the demo from a clean slate."""
    started = time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    url = (HOME / "store").as_uri()
    environment = airflow_environment(HOME / "airflow", store=url, cache=HOME / "cache") | SETTINGS
    demo = Demo(open_store(url), environment, ModelStore(url, cache=HOME / "cache"))
    good, poor = write_batches(HOME / "batches")
    _origin(demo)
    naive = _start_naive(demo, good)
    first = _night(demo, 1, good)
    if first.outcome != "promoted":
        raise TechnerError(
            f"the first night should have been promoted but was {first.outcome}: {first.reason}"
        )
    _compare(demo, naive)
    before = demo.models.resolve()
    second = _night(demo, 2, [poor])
    _summary(demo, first, second, before, time.monotonic() - started)


def _origin(demo: Demo) -> None:
    _step("The pretrained model", "a small general pipeline, trained here so that nothing is downloaded")
    with base_folder("starter", show_steps=training_bar) as folder:
        version = initialise(
            demo.store,
            folder,
            base="starter",
            gold=corpus_examples("general"),
            silver_texts=(),
            holdout=holdout(),
            who=person(),
            when=now(),
        )
    manifest = demo.models.manifest()
    out.print(f"  origin {version}: {', '.join(manifest.pretrained_labels)}")


def _start_naive(demo: Demo, batches: list[Path]) -> "subprocess.Popen[bytes]":
    """Start training the usual recipe on the same batches, in parallel with the first night."""
    train = HOME / "naive.jsonl"
    train.write_bytes(
        write_examples(eg for path in batches for eg in read_examples(path.read_bytes(), where=path.name))
    )
    script = str(ROOT / "benchmarks" / "naive.py")
    paths = ["--base", str(demo.models.pull()), "--train", str(train), "--out", str(HOME / "naive")]
    return subprocess.Popen([sys.executable, script, *paths, "--epochs", str(NAIVE_EPOCHS)])


def _night(demo: Demo, number: int, batches: list[Path]) -> Judgement:
    names = [submit(demo.store, path) for path in batches]
    _step(f"Night {number}", f"the DAG techner_nightly in Airflow, with {' and '.join(names)}")
    if number == 1:
        migrate(demo.environment)
    with tasks() as on_task:
        run_night(demo.environment, {}, log=HOME / f"night-{number}.log", on_task=on_task)
    newest = judgements(demo.store).newest()
    if newest is None:
        raise TechnerError(f"the night has no judgement; see {HOME / f'night-{number}.log'}")
    out.print(score_table(newest.record.scores), check_table(newest.record.verdict))
    return newest.record


def _compare(demo: Demo, naive: "subprocess.Popen[bytes]") -> None:
    _step("The same sentences", "read by the pretrained model, the usual recipe, and techner")
    if naive.wait():
        raise TechnerError("training the usual recipe failed; its error is above")
    manifest = demo.models.manifest()
    origin = manifest.origin or ""
    models = {
        "pretrained": demo.models.load(origin),
        "usual recipe": load_pipeline(HOME / "naive"),
        "techner": demo.models.load(),
    }
    side_by_side(models, TECH)
    regression = load_reference(demo.store, manifest.lineage.reference).regression
    labels = frozenset(manifest.pretrained_labels)
    figures = ", ".join(f"{name} {old_f1(nlp, regression, labels):.3f}" for name, nlp in models.items())
    out.print(f"  F1 on {', '.join(sorted(labels))}: {figures}")


def _summary(demo: Demo, first: Judgement, second: Judgement, before: str, seconds: float) -> None:
    _step("Summary", f"{seconds:.0f} s")
    production = demo.models.resolve()
    table = Table("night", "batches", "outcome", "because", box=None, padding=(0, 2))
    for number, night in enumerate((first, second), 1):
        names = ", ".join(batch.name for batch in night.batches)
        table.add_row(str(number), names, night.outcome, night.reason)
    out.print(table)
    stayed = "stayed" if production == before else "CHANGED"
    out.print(f"  production {stayed}: {production}")
    out.print("  the artifact:", str(demo.models.pull()), soft_wrap=True)
    out.print("\nThree commands to try next:")
    for command in (
        "model show",
        "batch show poor-2026-11-21.jsonl",
        'model rollback --why "trying it out"',
    ):
        out.print(
            f"  TECHNER_STORE={(HOME / 'store').relative_to(ROOT)} .venv/bin/techner {command}",
            soft_wrap=True,
        )
    if (first.outcome, second.outcome, stayed) != ("promoted", "rejected", "stayed"):
        raise TechnerError(
            "the demo should end with a promoted night, a rejected one, and production unchanged; see above"
        )


def _step(title: str, what: str) -> None:
    out.print()
    out.print(Rule(f"[bold]{title}[/]: {what}", align="left"))


if __name__ == "__main__":
    try:
        main()
    except TechnerError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}")
        sys.exit(1)
