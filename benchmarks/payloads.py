"""What hostile deliveries cost: seconds and memory of each, beside clean rows of as many bytes.

    .venv/bin/python benchmarks/payloads.py [--only NAME]

Each payload is examined in a process of its own, with the record of Great Expectations and everything
written out. The last column is its time over that of clean rows; both include half a second or more of Great
Expectations.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable

from quality import LABELS, delivery  # type: ignore[import-not-found]

MIB = 1 << 20


def _rows(texts: list[str], spans: Callable[[str], list[list[object]]]) -> bytes:
    return b"\n".join(json.dumps({"text": text, "entities": spans(text)}).encode() for text in texts)


def _label_studio(regions: int) -> bytes:
    result = [
        {"id": str(n), "type": "labels", "from_name": "l", "to_name": "t",
         "value": {"start": n, "end": n + 500, "labels": ["NOPE"]}}
        for n in range(regions)
    ]  # fmt: skip
    return json.dumps(
        [{"id": 1, "data": {"text": "We use Rust"}, "annotations": [{"result": result}]}]
    ).encode()


def _runs(piece: str, chars: int) -> bytes:
    rows = 2 * MIB // (chars + 60)
    texts = [f"{(piece * chars)[:chars]}{n} uses Rust" for n in range(rows)]
    return _rows(texts, lambda text: [[0, 3, "TOOL"]])


PAYLOADS: dict[str, Callable[[], bytes]] = {
    "a million broken lines, gzip": lambda: gzip.compress(b"x\n" * 1_000_000),
    "a million broken rows after a good one, gzip": lambda: gzip.compress(
        delivery(1, faulty=False) + b"\n" + b"{x\n" * 999_999
    ),
    "16 MiB of line ends and braces, gzip": lambda: gzip.compress(b"{\n" * (8 * MIB)),
    "zeros, gzip": lambda: gzip.compress(bytes(1 << 30)),
    "one row of 100 MiB": lambda: _rows(["word " * (20 * MIB)], lambda text: []),
    "one row of a million spans": lambda: _rows(["word " * 4000], lambda text: [[0, 4, "TOOL"]] * 1_000_000),
    "100 rows of 2 000 misplaced spans": lambda: _rows(
        [f"wörd\n{n} " * 2000 for n in range(100)], lambda text: [[n, n + 3, "TOOL"] for n in range(2000)]
    ),
    "12 000 regions of one task": lambda: _label_studio(12_000),
    "nested lists": lambda: b'{"text": "a", "entities": ' + b"[" * 5_000_000 + b"]" * 5_000_000 + b"}",
    "one list of 16 M empty lists": lambda: b"[" + b"[]," * (16 * MIB) + b"[]]",
    "one row of 16 M empty lists": lambda: b'{"text": "a", "entities": [' + b"[]," * (16 * MIB) + b"[]]}",
    "zlib of zeros, as DocBin": lambda: zlib.compress(bytes(1 << 30)),
    "long runs of marks": lambda: _runs("\"'", 8000),
    "runs of marks at the limit": lambda: _runs("=", 100),
    "10 000 names with one first word": lambda: _rows(
        [f"Server {n // 3} is here, {n}" for n in range(30_000)],
        lambda text: [[0, text.index(" is"), "TOOL"]],
    ),
    "a Python literal of nested lists": lambda: b"TRAIN_DATA = " + b"[" * 3_000_000 + b"]" * 3_000_000,
    "a Python literal of a million rows": lambda: (
        b"TRAIN_DATA = [" + b"('a', {'entities': []})," * 1_000_000 + b"]"
    ),
}


def measure(data: bytes) -> tuple[float, float, str]:
    """Examine one delivery; return seconds, peak MiB, and what came of it."""
    from techner.core.policy import QualityPolicy
    from techner.core.scheme import LabelScheme
    from techner.quality.offline import check

    began = time.process_time()
    examined = check(
        data,
        "payload",
        scheme=LabelScheme(frozenset(LABELS)),
        policy=QualityPolicy(labels=LABELS),
        holdout=frozenset({"none"}),
    )
    aside = sum(1 for _ in examined.quarantine)
    seconds = time.process_time() - began
    report = examined.report
    first = next((f"{issue.code}: {issue.detail}" for issue in report.issues), "")
    said = (
        f"{report.action}, {report.read:,} rows, {aside:,} aside, {len(report.issues)} listed; {first[:50]}"
    )
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, said


def _apart(name: str, clean_bytes: int | None = None) -> tuple[int, float, float, str]:
    command = [sys.executable, __file__, "--one", name, str(clean_bytes or 0)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    except subprocess.TimeoutExpired:
        return 0, 900.0, 0.0, "did not end in 900 s"
    if done.returncode:
        return 0, 0.0, 0.0, f"died with {done.returncode}: {done.stderr.strip()[-80:]}"
    size, seconds, peak, said = json.loads(done.stdout.splitlines()[-1])
    return size, seconds, peak, said


def main() -> None:
    """Print a line a payload."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", help="part of a payload's name")
    arguments.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        name, clean = given.one[0], int(given.one[1])
        data = delivery(max(1, clean // 130), faulty=False) if clean else PAYLOADS[name]()
        print(json.dumps([len(data), *measure(data)]))
        return
    for name in PAYLOADS:
        if not given.only or given.only in name:
            size, seconds, peak, said = _apart(name)
            baseline = _apart(name, min(max(size, 1000), 64 * MIB))[1]
            times = f"{seconds / baseline:4.1f} ×" if baseline else "  –"
            print(
                f"{name:46} {size / 1e6:8.3f} MB {seconds:7.1f} s {peak:6.0f} MiB {times}  {said}", flush=True
            )


if __name__ == "__main__":
    main()
