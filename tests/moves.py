"""Moves of an alias, whose proof is asked in this process and once for each model.

A clean process, as tasks start it, costs seconds of imports. `tests/night/test_proof.py`, `tests/cli` and
the tests of the DAG have it.
"""

from functools import partial
from pathlib import Path

from techner.core.examples import Span, digest
from techner.night import publish as publishing
from techner.operate import promote as promoting
from techner.operate import rollback as rolling_back
from techner.uptraining.pipeline import load_pipeline, predict

_answered: dict[str, list[tuple[Span, ...]]] = {}


def ask(folder: Path, texts: list[str]) -> list[tuple[Span, ...]]:
    """Return the entities of each text; what has been answered by the same files is remembered."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    known = [(path.relative_to(folder).as_posix(), digest(path.read_bytes())) for path in files]
    key = digest(f"{known} {texts}".encode())
    if key not in _answered:
        _answered[key] = predict(load_pipeline(folder), texts)
    return list(_answered[key])


publish = partial(publishing.publish, query=ask)
promote = partial(promoting.promote, query=ask)
roll_back = partial(rolling_back.roll_back, query=ask)
