"""The plugin as Airflow meets it: imported by every process, and open to the world unless it asks."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("spacy", "boto3", "great_expectations", "pandas", "numpy", "techner", "airflow.api_fastapi.core_api")

IMPORT = f"""
import sys
sys.path.insert(0, "plugins")
import airflow.plugins_manager
before = set(sys.modules)
import techner_plugin
loaded = set(sys.modules) - before
print(" ".join(sorted(loaded & set({HEAVY!r}))))
"""

REFUSED = """
import sys
sys.path.insert(0, "plugins")
from airflow.api_fastapi.app import init_auth_manager
from fastapi import FastAPI
from fastapi.testclient import TestClient
import techner_plugin
init_auth_manager(FastAPI())
client = TestClient(techner_plugin.app, raise_server_exceptions=False)
version = "0000-0123456789abcdef"
for path in ("/", f"/download/{version}", f"/report/{version}"):
    bad = client.get(path, headers={"Authorization": "Bearer nonsense"})
    print("answers", client.get(path).status_code, bad.status_code)
"""


def run(program: str, home: Path) -> str:
    """Run a program as an Airflow process of the checkout would; a process of its own, with its own home."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TECHNER_STORE": "s3://nobody/nowhere",
        "TECHNER_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_import_is_light_and_touches_no_store(tmp_path: Path) -> None:
    assert run(IMPORT, tmp_path).split() == []


def test_nobody_gets_in_without_a_token(tmp_path: Path) -> None:
    answers = [line.split()[1:] for line in run(REFUSED, tmp_path).splitlines() if line.startswith("answers")]
    assert answers == [["401", "403"]] * 3
