"""The plugin as Airflow meets it: imported by every process, and open to the world unless it asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("plugin")
ROOT = Path(__file__).parents[2]
HEAVY = ("spacy", "boto3", "great_expectations", "pandas", "numpy", "techner", "airflow.api_fastapi.core_api")

# One process for both: Airflow takes seconds to import.
PROGRAM = f"""
import sys
sys.path.insert(0, "plugins")
import airflow.plugins_manager
before = set(sys.modules)
import techner_plugin
loaded = set(sys.modules) - before
print("loads", *sorted(loaded & set({HEAVY!r})))
from airflow.api_fastapi.app import init_auth_manager
from fastapi import FastAPI
from fastapi.testclient import TestClient
init_auth_manager(FastAPI())
client = TestClient(techner_plugin.app, raise_server_exceptions=False)
version = "0000-0123456789abcdef"
for path in ("/", f"/download/{{version}}", f"/report/{{version}}"):
    bad = client.get(path, headers={{"Authorization": "Bearer nonsense"}})
    print("answers", client.get(path).status_code, bad.status_code)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Return what the program says, run as an Airflow process of the checkout, with a home of its own."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TECHNER_STORE": "s3://nobody/nowhere",
        "TECHNER_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.split() for line in done.stdout.splitlines()]


def test_import_is_light_and_touches_no_store(said: list[list[str]]) -> None:
    assert [loaded for name, *loaded in said if name == "loads"] == [[]]


def test_nobody_gets_in_without_a_token(said: list[list[str]]) -> None:
    assert [codes for name, *codes in said if name == "answers"] == [["401", "403"]] * 3
