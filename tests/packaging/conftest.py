"""The wheel and the environments with one extra alone, each made once a test run."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.environments import Environment, make
from tests.world import once

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def build(folder: Path) -> None:
        line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
        subprocess.run(line, cwd=ROOT, check=True, capture_output=True)

    return next(once(tmp_path_factory, "wheel", build).glob("*.whl"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Environment]:
    """Return what gives the environment that has one extra alone."""

    def of(extra: str) -> Environment:
        return Environment(once(tmp_path_factory, f"with-{extra}", lambda folder: make(folder, wheel, extra)))

    return of
