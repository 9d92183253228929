"""Proof before promotion: the published files, fetched again, load in a clean process and answer."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from techner.core.errors import IntegrityError
from techner.core.examples import Span

# Isolated mode: neither the working folder nor PYTHON* variables can supply what the model lacks. Nor can
# techner, which is installed here but not where services load the model.
_PROGRAM = """
import json, sys
sys.modules["techner"] = None
import spacy
nlp = spacy.load(sys.argv[1])
docs = nlp.pipe(json.load(sys.stdin))
json.dump([[[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in docs], sys.stdout)
"""
TIMEOUT_S = 600
Query = Callable[[Path, list[str]], list[tuple[Span, ...]]]
"""Folder of a model, and texts → the entities of each text."""


def query_apart(folder: Path, texts: list[str]) -> list[tuple[Span, ...]]:
    """Query the model in `folder` from a clean process; raises IntegrityError if it does not answer.

    Returns the sorted entities of each text, in the order of `texts`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM, str(folder)],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise IntegrityError(f"the published model does not load in a clean process: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise IntegrityError(f"the published model did not answer within {TIMEOUT_S} s") from error
    return [tuple(sorted(Span(*ent) for ent in ents)) for ents in json.loads(done.stdout)]
