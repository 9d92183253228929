"""Importing this imports what the tasks of a night need, as far as it takes long.

A worker that forks its tasks imports it once, instead of each task by itself (ADR 54).
"""

import gc
import logging
import os
import time
from importlib import import_module

from techner.quality.expectations import great_expectations

LONG = (
    "boto3.session",
    "jinja2",
    "numpy",
    "pandas",
    "techner.evaluation",
    "techner.quality.examine",
    "techner.reports",
)
ASKS_FOR_THE_GPU = ("spacy", "spacy.lang.en", "techner.uptraining")
"""Beside a GPU, importing these initialises CUDA, which a fork cannot use: there each task imports them."""

_began = time.perf_counter()
great_expectations()
_left = ASKS_FOR_THE_GPU if os.environ.get("TECHNER_GPU") else ()
for _name in (*LONG, *ASKS_FOR_THE_GPU):
    if _name not in _left:
        import_module(_name)
gc.freeze()  # a collection in a task would copy the memory that it shares with its worker
log = logging.getLogger("techner.nightly")
log.info("imported once what the tasks of a night need, in %.1f s", time.perf_counter() - _began)
if _left:
    log.info("left to the tasks, beside a GPU: %s", ", ".join(_left))
