"""Fail the k-th store call of everything that writes, in four ways; then retry as a person or Airflow would.

    python benchmarks/faults.py [--operation NAME …] [--every N] [--seconds S]

The call raises an error before or after it takes effect, or the process dies before or after it. Then the
operation is repeated until it succeeds or is refused. The store must then hold what an undisturbed one holds:
what is missing was lost, what is extra was doubled, and what differs or cannot be verified is wrong. `left`
counts trials that leave scratch objects, as a killed process may: reservations, probes.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.fault_operations import Campaign, Operation, Snapshot, restored, snapshot
from benchmarks.faulty_store import Dead, Faulty, Way
from benchmarks.small_base import small_base
from techner.core.errors import RegistryError, TechnerError
from techner.registry import Registry
from techner.registry.verify import verify_store

TRIES = 4
OPERATIONS = (
    "init", "submit", "plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish", "pull",
    "rollback", "promote", "gc", "reject", "approve", "abandon", "skip",
)  # fmt: skip
LOGS = ("aliases/", "judgements/", "decisions/")
SCRATCH = re.compile(r"probe/.*|runs/.*/manifest\.json|gc/condemned\.json")


def said(taken: Snapshot) -> dict[str, object]:
    """Return what the objects say, without random fields of records and the figures of the speed."""
    found: dict[str, object] = {}
    for key, data in taken.items():
        if key.startswith(LOGS):
            random = {"id", "before", "signature"} if not key.startswith("judgements/") else {"signature"}
            found[key] = {name: value for name, value in json.loads(data).items() if name not in random}
        elif key.endswith("/speed.json"):
            found[key] = "measured"
        else:
            found[key] = data
    return found


def tried(operation: Operation, way: Way, at: int) -> Snapshot:
    """Fail one call, then repeat the operation until it succeeds, or is refused because it is done."""
    store = restored(operation.before)
    for number in range(TRIES):
        try:
            operation.do(Faulty(inner=store, way=way, at=0 if number else at), number)
            break
        except Dead:
            continue
        except RegistryError:
            if not number:
                raise
            break  # it is done, and says so
        except TechnerError:
            continue
    return snapshot(store)


def judged(operation: Operation, found: Snapshot, expected: Snapshot) -> set[str]:
    """Return the kinds of faults in a store after the last try."""
    have, want = said(found), said(expected)
    extra = {key for key in have.keys() - want.keys() if not SCRATCH.fullmatch(key)}
    lacking = {key for key in want.keys() - have.keys() if not SCRATCH.fullmatch(key)}
    kinds = {"left"} if any(SCRATCH.fullmatch(key) for key in have.keys() - want.keys()) else set()
    kinds |= {"lost"} if lacking else set()
    kinds |= {"doubled"} if extra else set()
    differing = [key for key in have.keys() & want.keys() if have[key] != want[key]]
    store = restored(found)
    faults = list(verify_store(store, list(Registry(store).versions())))
    if differing or faults:
        kinds.add("wrong")
    for key in (*lacking, *extra, *differing, *faults) if kinds - {"left"} else ():
        print(f"    {operation.name}: {key}", file=sys.stderr)
    return kinds


def campaign(operation: Operation, *, every: int, seconds: float) -> Counter[str]:
    """Fail every n-th call in all four ways; return the numbers of trials and of each kind of fault."""
    counting = Faulty(inner=restored(operation.before))
    operation.do(counting, 0)
    expected, counts = snapshot(counting.inner), Counter[str](calls=counting.state["calls"])
    until = time.monotonic() + seconds
    for at in range(1, counts["calls"] + 1, every):
        for way in Way:
            if time.monotonic() > until:
                return counts
            try:
                kinds = judged(operation, tried(operation, way, at), expected)
            except TechnerError as error:
                kinds = {"wrong"}
                print(f"    {operation.name}: {error}", file=sys.stderr)
            if kinds - {"left"}:
                print(f"    {operation.name}: {way} call {at}: {', '.join(sorted(kinds))}", file=sys.stderr)
            counts.update(["trials", *kinds])
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operation", nargs="*", choices=OPERATIONS, help="only these; default: all")
    parser.add_argument("--every", type=int, default=1, help="fail every n-th call only")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="limit for each operation")
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="techner-faults-"))
    columns = ("calls", "trials", "lost", "doubled", "wrong", "left")
    print(f"{'operation':10}", *(f"{column:>8}" for column in columns), flush=True)
    total = Counter[str]()
    try:
        left = [*(wanted.operation or OPERATIONS)]
        # Not "en": its 1 300 exceptions are added at each of dozens of loads.
        for operation in Campaign(home).operations(small_base(home / "base", language="xx")):
            if operation.name not in left:
                continue
            left.remove(operation.name)
            counts = campaign(operation, every=wanted.every, seconds=wanted.seconds)
            total += counts
            print(f"{operation.name:10}", *(f"{counts[column]:8}" for column in columns), flush=True)
            if not left:
                break
    finally:
        shutil.rmtree(home)
    print(f"{'all':10}", *(f"{total[column]:8}" for column in columns))
    sys.exit(any(total[column] for column in ("lost", "doubled", "wrong")))


if __name__ == "__main__":
    main()
