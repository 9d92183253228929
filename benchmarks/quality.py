"""Time and memory of the examination of a batch: clean rows, and rows that are all faulty.

    .venv/bin/python benchmarks/quality.py [--clean 1000000] [--faulty 200000]

Each size runs in a process of its own, on one core, after its imports, with the record of Great Expectations
and all output. The time that `json.loads` takes for the same lines shows how busy the machine was.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time

WORDS = tuple(
    "we moved the build server last week and it still fails to start after an update of its disk".split()  # noqa: SIM905
)
NAMES = (("nginx", "TOOL"), ("Debian", "OS"), ("Rust", "LANG"), ("pandas", "LIB"), ("PostgreSQL", "TOOL"))
LABELS = ("LANG", "LIB", "OS", "TOOL")


def delivery(rows: int, *, faulty: bool) -> bytes:
    """Make rows of about 75 characters with one or two spans; each faulty one has one of eight faults."""
    chance = random.Random(0)  # noqa: S311 - the same rows every time
    lines = []
    for number in range(rows):
        text, entities = f"In case {number},", []
        for name, label in chance.sample(NAMES, chance.choice((1, 1, 2))):
            text += " " + " ".join(chance.choices(WORDS, k=5)) + " "
            entities.append([len(text), len(text) + len(name), label])
            text += name
        text += "."
        if faulty:
            text, entities = broken(text, entities, number % 8)
        lines.append(json.dumps({"text": text, "entities": entities}, ensure_ascii=False))
    return "\n".join(lines).encode()


def broken(text: str, entities: list[list[object]], how: int) -> tuple[str, list[list[object]]]:
    """Put one fault into a row."""
    start, end, label = entities[0]
    faults: tuple[tuple[str, list[list[object]]], ...] = (
        (text, [[start, 10_000, label]]),
        (text, [[start, float(str(end)), label]]),
        (text, [[start, end, str(label).lower()]]),
        (text.replace("In", "\0", 1), entities),
        (text, [[start, end, label], [start, end, label]]),
        ("🚀" + text, entities),
        (text, [[int(str(start)) - 1, end, label]]),
        (text.replace("In", "Ã¼", 1), entities),
    )
    return faults[how]


def measure(rows: int, *, faulty: bool) -> None:
    """Examine one delivery and print a line."""
    from techner.core.policy import QualityPolicy
    from techner.core.scheme import LabelScheme
    from techner.quality.offline import examine_offline

    policy = QualityPolicy(labels=LABELS, max_quarantine_share=1.0)
    scheme = LabelScheme(frozenset(LABELS))

    def examine(data: bytes) -> tuple[object, int]:
        examined = examine_offline(
            data, "made.jsonl", scheme=scheme, policy=policy, holdout=frozenset({"none"})
        )
        aside = sum(1 for _ in examined.quarantine)
        assert examined.report.accepted == sum(1 for _ in examined.accepted)  # noqa: S101
        return examined.report, aside

    examine(delivery(10, faulty=False))  # imports
    data = delivery(rows, faulty=faulty)
    before = time.process_time()
    for line in data.splitlines():
        json.loads(line)
    yardstick = time.process_time() - before
    before, began = time.process_time(), time.perf_counter()
    report, aside = examine(data)
    cpu, wall = time.process_time() - before, time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kind = "faulty" if faulty else "clean"
    print(
        f"{rows:>9,} {kind:6} {len(data) / 1e6:6.0f} MB  {cpu:6.1f} s CPU  {wall:6.1f} s  "
        f"{rows / cpu:>8,.0f} examples/s of CPU, {cpu / yardstick:4.1f} × json.loads  peak {peak:5.0f} MiB  "
        f"{report.accepted:,} accepted, {aside:,} set aside, {len(report.issues):,} issues"  # type: ignore[attr-defined]
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--clean", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--faulty", type=int, nargs="*", default=[20_000, 200_000])
    arguments.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        measure(int(given.one[1]), faulty=given.one[0] == "faulty")
        return
    for kind, sizes in (("clean", given.clean), ("faulty", given.faulty)):
        for rows in sizes:
            # One process each, because peak memory never falls.
            subprocess.run([sys.executable, __file__, "--one", kind, str(rows)], check=True)


if __name__ == "__main__":
    main()
