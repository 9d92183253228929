"""A sample of the fault campaign: `benchmarks/faults.py` fails every call of every operation."""

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[2] / "benchmarks" / "faults.py"
SAMPLE = ("init", "submit", "plan", "publish", "rollback", "abandon")


@pytest.mark.long
def test_nothing_is_lost_doubled_or_wrong_whichever_call_fails() -> None:
    done = subprocess.run(
        [sys.executable, str(CAMPAIGN), "--every", "31", "--operation", *SAMPLE],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["operation", *SAMPLE, "all"]
    operations = [[int(count) for count in line.split()[1:]] for line in done.stdout.splitlines()[1:]]
    assert all(trials >= 1 for _, trials, *_ in operations)
