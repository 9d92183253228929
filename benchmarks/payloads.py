"""The cost of hostile deliveries: processor time and peak memory, relative to clean rows of as many bytes.

    .venv/bin/python benchmarks/payloads.py [--only NAME …] [--without NAME …]

Each payload is made in one process, examined in a second as `techner batch check` does, and in a third as a
night does: `admit`, with a small model in a folder store, its record, page and rows written. Size is what is
read, so that of compressed data the unpacked size, at most the limit. The start is taken off the times: what
deliveries of ten clean rows take, of a night mostly the model and Great Expectations. Clean rows are
measured at 2 and 8 MiB: their time grows with them, but for that of the second reader. × is
how many times as long as clean rows it took. The peak includes the imports: about 60 MiB for the check, 330
MiB for a night.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.payload_shapes import MIB, PAYLOADS, unpacked_bytes
from benchmarks.quality import LABELS, delivery
from techner.core.delivery import QualityReport
from techner.core.policy import Policies, QualityPolicy

POLICY = QualityPolicy(labels=LABELS)
CLEAN = {f"clean rows, {mib} MiB": mib * MIB for mib in (2, 8)}
LIMIT_S = 900.0
_WHEN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def make(home: Path, name: str) -> None:
    """Write one payload; print how much of it is read."""
    data = delivery(CLEAN[name] // 130, faulty=False) if name in CLEAN else PAYLOADS[name]()
    (home / "payload").write_bytes(data)
    print(unpacked_bytes(data))


def check(home: Path) -> None:
    """Examine the payload as `techner batch check` does."""
    from techner.core.scheme import LabelScheme
    from techner.quality.offline import examine_offline

    def examine(delivered: bytes) -> QualityReport:
        scheme, holdout = LabelScheme(frozenset(LABELS)), frozenset({"none"})
        examined = examine_offline(delivered, "payload", scheme=scheme, policy=POLICY, holdout=holdout)
        for _ in examined.quarantine:
            pass
        return examined.report

    small = [delivery(10 + number, faulty=False) for number in range(3)]
    _tell(*(lambda data=data: examine(data) for data in (*small, (home / "payload").read_bytes())))


def admit_it(home: Path) -> None:
    """Examine the payload as a night does."""
    from techner.night.admit import admit
    from techner.night.plan import plan
    from techner.runs.run import Run
    from techner.store import FolderStore

    store = FolderStore(home / "store")
    store.put("inbox/payload", (home / "payload").read_bytes())
    run = Run(store=store, id=f"night-{time.time_ns()}", cache=home / "cache")
    planned = plan(run, Policies(quality=POLICY))
    if planned is None:
        raise SystemExit("the payload is not due")
    digests = [batch.digest for batch in sorted(planned.batches, key=lambda batch: batch.name == "payload")]
    for entry in [*store.list("batches/")]:
        store.delete(entry.key)  # of the payload before, which had the small deliveries examined
    _tell(*(lambda digest=digest: admit(run, digest) for digest in digests))


def prepare(home: Path) -> None:
    """Make the store that a night reads, with a small model and three small deliveries."""
    from benchmarks.small_base import small_base
    from techner.operate.initialise import initialise
    from techner.starter import slot_examples
    from techner.store import FolderStore

    store, rows = FolderStore(home / "store"), slot_examples("general", 120, seed=2)
    base = small_base(home / "base")
    initialise(store, base, base="small", gold=rows, silver_texts=(), holdout=(), who="me", when=_WHEN)
    for number in range(3):
        store.create(f"inbox/{number}", delivery(10 + number, faulty=False))
    print("prepared")


def _tell(*examinations: Callable[[], QualityReport]) -> None:
    """Time some examinations, the last of which is the payload's: the others are the start of it."""
    times, report = [], None
    for examine in examinations:
        began = time.process_time()
        report = examine()
        times.append(time.process_time() - began)
    assert report is not None  # noqa: S101 - there is one
    seconds = times[-1] - (min(times[1:-1]) if report.read else 0)  # of an unread file nothing is recorded
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = next((f"{issue.code}: {issue.detail}" for issue in report.issues), "")
    said = f"{report.action}, {report.read:,} rows, {report.quarantined:,} aside; {first[:60]}"
    print(json.dumps([max(seconds, 0.001), peak, said]))


def _apart(home: Path, part: str, *what: str) -> str:
    """Do one part in a process of its own; return the last line it printed, or what became of it."""
    command = [sys.executable, __file__, "--part", part, str(home), *what]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return json.dumps([LIMIT_S, float("nan"), f"did not end in {LIMIT_S:g} s"])
    if done.returncode:
        return json.dumps(
            [float("nan"), float("nan"), f"died with {done.returncode}: {done.stderr.strip()[-80:]}"]
        )
    return done.stdout.splitlines()[-1]


class Cost(NamedTuple):
    """What one examination of a payload took."""

    seconds: float
    peak_mib: float
    said: str


def measure(home: Path, name: str) -> tuple[int, list[Cost]]:
    """Return how much of a payload is read, and what check and night cost."""
    size = int(_apart(home, "make", name))
    return size, [Cost(*json.loads(_apart(home, part))) for part in ("check", "admit")]


def clean_seconds(home: Path) -> Callable[[int], list[float]]:
    """Return what clean rows of so many bytes take: the check and the night."""
    (small, of_small), (large, of_large) = (measure(home, name) for name in CLEAN)
    slopes = [(b.seconds - a.seconds) / (large - small) for a, b in zip(of_small, of_large, strict=True)]
    starts = [a.seconds - slope * small for a, slope in zip(of_small, slopes, strict=True)]
    lines = [*zip(starts, slopes, strict=True)]
    told = " and ".join(f"{start:.1f} s + {slope * 1e6:.2f} s a MB" for start, slope in lines)
    print(f"clean rows take {told}", flush=True)
    return lambda size: [max(start, 0.0) + slope * size for start, slope in lines]


def table(home: Path, names: Iterable[str]) -> None:
    """Print one line per payload."""
    if (prepared := _apart(home, "prepare")) != "prepared":
        raise SystemExit(prepared)
    usual = clean_seconds(home)
    columns = f"{'s':>8} {'×':>5} {'MiB':>5}"
    print(f"{'':45} {'MB':>7} | check {columns} | night {columns}")
    for name in names:
        size, costs = measure(home, name)
        told = "".join(
            f" |       {cost.seconds:8.1f} {cost.seconds / clean:5.1f} {cost.peak_mib:5.0f}"
            for cost, clean in zip(costs, usual(size), strict=True)
        )
        print(f"{name:45} {size / 1e6:7.1f}{told} | {costs[-1].said}", flush=True)


def main() -> None:
    """Print the table, or do one part of it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", default=[""], help="parts of names of payloads")
    arguments.add_argument("--without", nargs="+", default=[], help="parts of names of payloads")
    arguments.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.part:
        part, home, *what = given.part
        parts: dict[str, Callable[..., None]] = {
            "make": make,
            "check": check,
            "admit": admit_it,
            "prepare": prepare,
        }
        parts[part](Path(home), *what)
        return
    names = [name for name in PAYLOADS if any(part in name for part in given.only)]
    with tempfile.TemporaryDirectory(prefix="techner-payloads-") as home:
        table(Path(home), [name for name in names if not any(part in name for part in given.without)])


if __name__ == "__main__":
    main()
