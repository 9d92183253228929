"""Kill the DAG's process once in the middle of each task; then run it to the end, and compare.

    python benchmarks/kill.py [--home FOLDER]

Prints one line per kill, and whether the end equals that of an undisturbed run: the same version name, which
holds the digest of the manifest, and so covers every file, score and digest of the lineage.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from techner.cli.terminal import now, person
from techner.core.policy import TECH_LABELS
from techner.formats import write_examples
from techner.operate.base_model import base_folder
from techner.operate.initialise import initialise
from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.runs.judgements import judgements
from techner.starter import corpus_examples
from techner.store import open_store
from tools.local.environment import airflow_environment, migrate
from tools.local.night import run_night

TASKS = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge", "route", "publish")
CONF = {"epochs": 2}


class Killed(Exception):  # noqa: N818 - it is what happened
    """The process was killed as intended."""


def make_world(home: Path) -> None:
    """Make a store with an origin and two deliveries."""
    store = open_store(str(home / "store"))
    with base_folder("starter") as folder:
        initialise(
            store, folder, base="starter", gold=corpus_examples("general"), silver_texts=(), holdout=(),
            who=person(), when=now(),
        )  # fmt: skip
    written = [example.only(frozenset(TECH_LABELS)) for example in corpus_examples("tech_train")]
    store.create("inbox/one.jsonl", write_examples(written[:500]))
    store.create("inbox/two.jsonl", write_examples(written[500:]))


def kill_in(task: str, environment: dict[str, str], home: Path) -> str:
    """Start a run and kill it in `task`: training after its first epoch, other tasks after 0.2 s."""

    def on_task(running: str, said: str) -> None:
        if running == task and (said.startswith("epoch") or (not said and task != "uptrain")):
            time.sleep(0.2)
            raise Killed

    try:
        run_night(environment, CONF, log=home / f"kill-{task}.log", on_task=on_task)
    except Killed:
        return "killed"
    return "NOT KILLED"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="keep the stores here; default: a temporary folder")
    home = (parser.parse_args().home or Path(tempfile.mkdtemp(prefix="techner-kill-"))).absolute()
    make_world(home)
    shutil.copytree(home / "store", home / "undisturbed")
    ends = []
    for name in ("undisturbed", "store"):
        environment = airflow_environment(
            home / "airflow", store=(home / name).as_uri(), cache=home / f"cache-{name}"
        )
        migrate(environment)
        for task in TASKS if name == "store" else ():
            outcome = kill_in(task, environment, home)
            version, manifest = Registry(open_store(str(home / name))).production()
            whole = all(load_bytes(open_store(str(home / name)), entry) for entry in manifest.files)
            print(f"{task:9} {outcome}; production {version}, {'whole' if whole else 'BROKEN'}", flush=True)
        run_night(environment, CONF, log=home / f"{name}.log")
        store = open_store(str(home / name))
        ends.append(Registry(store).production()[0])
        print(
            f"{name}: ends with {ends[-1]}, {len(list(judgements(store).records()))} judgement(s)", flush=True
        )
    print("equal" if ends[0] == ends[1] else "NOT EQUAL")
    sys.exit(ends[0] != ends[1])


if __name__ == "__main__":
    main()
