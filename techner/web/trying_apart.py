"""Models read a text in a process of their own: bounded, and without what the server knows."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from techner.core.errors import ModelError
from techner.core.examples import Span

# Isolated as in `registry/clean_process.py`. The limits hold before anything of a model is loaded, and where
# memory is short on the whole machine, this process is the one to end.
_PROGRAM = """
import json, resource, sys
asked = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_DATA, (asked["memory_bytes"],) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    open("/proc/self/oom_score_adj", "w").write("1000")
except OSError:
    pass
sys.modules["techner"] = None
import spacy
for folder in asked["folders"]:
    doc = spacy.load(folder)(asked["text"])
    print(json.dumps([[e.start_char, e.end_char, e.label_] for e in doc.ents]), flush=True)
    del doc
"""
TIMEOUT_S = 60.0
BASE_MEMORY = 2**30
MEMORY_PER_BYTE = 5
"""A pipeline in memory, for each byte of its files: vectors are there once, and once more while they load."""
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    memory_bytes: int
    timeout_s: float = TIMEOUT_S


def limits_for(folders: Sequence[Path]) -> ReadingLimits:
    """Return how much models may take that are read one after the other: as much as the largest needs."""
    sizes = [sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for folder in folders]
    return ReadingLimits(memory_bytes=BASE_MEMORY + MEMORY_PER_BYTE * max(sizes, default=0))


def read_apart(
    folders: Sequence[Path], text: str, limits: ReadingLimits, *, program: str = _PROGRAM
) -> list[tuple[Span, ...]]:
    """Return the sorted entities that each model finds; raises ModelError if one does not answer."""
    asked = {"folders": [str(path) for path in folders], "text": text, "memory_bytes": limits.memory_bytes}
    # Neither the database's password nor the store's keys are for a model.
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", program],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=limits.timeout_s,
            check=True,
            env=environment | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"no answer within {limits.timeout_s:g} s; the process was ended") from error
    except subprocess.CalledProcessError as error:
        raise ModelError(_why(error, folders, limits)) from error
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [tuple(sorted(Span(*ent) for ent in ents)) for ents in rows]


def _why(error: subprocess.CalledProcessError, folders: Sequence[Path], limits: ReadingLimits) -> str:
    said = (error.stderr.strip() or "no message").splitlines()[-1]
    if "No module named 'spacy'" in said:
        return "spaCy is missing where the pages are served: pip install 'techner[load]'"
    name = folders[min(len(error.stdout.splitlines()), len(folders) - 1)].name
    if "MemoryError" in said or "Unable to allocate" in said or "bad_alloc" in said:
        return f"{name} needs more than the {limits.memory_bytes / 1e9:.1f} GB of memory that it may take"
    if error.returncode < 0:
        return f"{name} did not answer: its process was ended by {signal.Signals(-error.returncode).name}"
    return f"{name} did not answer: {said}"
