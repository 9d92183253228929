"""Quick answers in Airflow: nights that the gate asks about, each answered as soon as the question is there.

    python benchmarks/answers.py --nights 20

Starts Airflow as `make up` does, on a store of its own with an untrained model. For every night it prints how
long the DAG took to go on, and in how many tries; it exits with 1 if an answer was lost or a night failed.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import httpx

from techner.formats import write_examples
from techner.runs.judgements import judgements
from techner.store import FolderStore

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.up import DAG, POLICIES, answer_at_once, log_in, reserved_port, running, tiny_origin
from tests.waiting import until
from tests.world import tech_batch

BATCH = "one.jsonl"
NIGHT_S = 1200.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=20)
    nights = parser.parse_args().nights
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        tiny_origin(state)
        store = FolderStore(state / "store")
        with reserved_port() as port, running(state, port, POLICIES):
            address = f"http://127.0.0.1:{port}"
            login = {"Authorization": f"Bearer {log_in(address, state)}"}
            with httpx.Client(base_url=address, headers=login, timeout=NIGHT_S) as client:
                until(lambda: client.get(DAG).status_code == 200, "the DAG to be parsed")
                client.patch(DAG, json={"is_paused": False}).raise_for_status()
                # Unpausing starts last night's run, which must find nothing to do.
                until(lambda: _is_skipped(client), "last night's run to end", within_s=NIGHT_S)
                store.create(f"inbox/{BATCH}", write_examples(tech_batch(0, 40)))
                kept = sum([is_kept(client, f"quick-{number}", store) for number in range(nights)])
    print(f"{kept} of {nights} answers kept, with all their nights done")
    sys.exit(kept != nights)


def _is_skipped(client: httpx.Client) -> bool:
    runs = client.get(f"{DAG}/dagRuns").json()["dag_runs"]
    return bool(runs) and all(run["state"] == "success" for run in runs)


def is_kept(client: httpx.Client, run_id: str, store: FolderStore) -> bool:
    """Run a night, answer it at once, and tell whether it ended as was said."""
    run = f"{DAG}/dagRuns/{run_id}"
    started = {"dag_run_id": run_id, "logical_date": None, "conf": {"batches": [BATCH]}}
    client.post(f"{DAG}/dagRuns", json=started).raise_for_status()
    asked = f"{run}/taskInstances/ask/-1/hitlDetails"
    until(lambda: client.get(asked).status_code == 200, "the gate to ask", within_s=NIGHT_S)
    answer_at_once(client, run, f"reason of {run_id}", "reject")
    answered = time.monotonic()
    until(
        lambda: client.get(run).json()["state"] in ("success", "failed"), "the night to end", within_s=NIGHT_S
    )
    tries = client.get(f"{run}/taskInstances/ask").json()["try_number"]
    told = [record.reason for _, record in judgements(store).records() if record.id == run_id]
    kept = client.get(run).json()["state"] == "success" and told[0].endswith(f": reason of {run_id}")
    seconds = time.monotonic() - answered
    print(f"{run_id}: {'kept' if kept else 'LOST'}, {seconds:.0f} s, {tries} tries", flush=True)
    return bool(kept)


if __name__ == "__main__":
    main()
