"""Versions of what trains a model, for its lineage."""

import platform
from importlib.metadata import version


def libraries() -> dict[str, str]:
    return {name: version(name) for name in ("spacy", "thinc", "numpy")} | {
        "python": platform.python_version()
    }
