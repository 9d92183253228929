"""The steps at the head of docker-compose.yaml, run without containers, end with a promoted model."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from techner.core.records import RunOutcome
from techner.runs.judgements import judgements
from techner.store import FolderStore
from tools.local.environment import ROOT, airflow_environment, migrate
from tools.local.night import run_night

HEADER = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8").partition("\nx-airflow:")[0]
STEPS = re.findall(r"(?m)^#   docker compose run --rm techner (.+)$", HEADER)


@pytest.mark.real
def test_the_quick_start_ends_with_a_promoted_model(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    environment = airflow_environment(tmp_path / "airflow", store=store.url, cache=tmp_path / "cache")
    environment["TECHNER_CONFIG"] = str(ROOT / "deploy" / "compose" / "techner.toml")

    def do(step: str) -> str:
        words = shlex.split(step.replace("/corpus/", f"{ROOT}/examples/corpus/"))
        done = subprocess.run(
            [str(Path(sys.executable).with_name("techner")), *words],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    *before, last = STEPS
    assert [step.split()[0] for step in before] == ["init", "batch"]
    for step in before:
        do(step)
    migrate(environment)
    run_night(environment, {}, log=tmp_path / "night.log")  # as unpausing does
    judged = judgements(store).newest()
    assert judged
    assert judged.record.outcome is RunOutcome.PROMOTED, judged.record.reason
    assert "0001-" in do(last)
