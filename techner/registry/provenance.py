"""Versions of the code and libraries that train a model, for its lineage."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from techner import __version__
from techner.core.examples import digest


@cache
def code_version() -> str:
    """Return the package's version and the digest of its code, so that no two states look the same."""
    root = Path(__file__).parents[1]
    files = sorted(root.rglob("*.py"))
    content = "".join(f"{path.relative_to(root)}:{digest(path.read_bytes())}\n" for path in files)
    return f"{__version__}+{digest(content.encode())[:12]}"


def libraries() -> dict[str, str]:
    return {name: version(name) for name in ("spacy", "thinc", "numpy")} | {
        "python": platform.python_version()
    }
