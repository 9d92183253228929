"""Airflow's own chart with the values of this repository, rendered once by Helm."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

VALUES = Path(__file__).parents[2] / "deploy" / "helm" / "values.yaml"
Manifest = dict[str, Any]
Render = Callable[[Path], list[Manifest]]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the tests alone unless they are asked for, also where another suite is named."""
    return None if config.getoption("markexpr") == "helm" else True


@pytest.fixture(scope="session")
def render() -> Render:
    """Return what renders the chart as the command at the top of the values installs it."""
    chart, program = os.environ.get("CHART"), shutil.which("helm")
    if not chart or not program:
        pytest.fail("needs helm on the path, and a folder with Airflow's chart: make test-helm CHART=FOLDER")
    [command] = re.findall(r"(?m)^#\s+(helm upgrade(?:.*\\\n)*.*)$", VALUES.read_text(encoding="utf-8"))
    words = shlex.split(re.sub(r"\\\n#", "", command))
    before = ["helm", "upgrade", "--install", "airflow", "apache-airflow/airflow"]
    assert words[: len(before)] == before

    def rendered(values: Path) -> list[Manifest]:
        options = [
            str(values) if word == "deploy/helm/values.yaml" else word for word in words[len(before) :]
        ]
        call = [program, "template", "airflow", chart, *options]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr
        return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]

    return rendered


@pytest.fixture(scope="session")
def manifests(render: Render) -> list[Manifest]:
    return render(VALUES)
