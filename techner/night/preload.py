"""Importing this imports what the tasks of a night need, as far as it takes long.

A worker that forks its tasks imports it once, instead of each task by itself (ADR 54).
"""

import logging
import time
from importlib import import_module

from techner.quality.expectations import great_expectations

LONG = (
    "boto3.session",
    "jinja2",
    "numpy",
    "pandas",
    "spacy",
    "spacy.lang.en",
    "techner.evaluation",
    "techner.quality.examine",
    "techner.reports",
    "techner.uptraining",
)

_began = time.perf_counter()
great_expectations()
for _name in LONG:
    import_module(_name)
logging.getLogger("techner.nightly").info(
    "imported once what the tasks of a night need, in %.1f s", time.perf_counter() - _began
)
