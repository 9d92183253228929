"""Connections of Airflow: the login of the store, whole or not at all, and that of the logs of tasks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from techner.store import open_store
from techner.store.login import S3Login

ROOT = Path(__file__).parents[2]
LOGIN = {"conn_type": "aws", "login": "KEY", "password": "SECRET"}
EXTRA = {"endpoint_url": "http://s3:1", "region_name": "eu-central-1", "aws_session_token": "TOKEN"}
CONNECTIONS = {
    "whole": LOGIN | {"extra": EXTRA},
    "bare": LOGIN,
    "half": {"conn_type": "aws", "login": "KEY"},
    "role": LOGIN | {"extra": {"role_arn": "arn:aws:iam::1:role/x"}},
    "host": LOGIN | {"host": "s3", "port": 1},
    "text": LOGIN | {"extra": "region_name=eu-central-1"},
    "list": LOGIN | {"extra": "[]"},
}
# One process for all: Airflow takes seconds to import.
PROGRAM = """
import json, os, sys
from techner.core.errors import TechnerError
from techner.settings import load_settings
from techner.settings.login import login_of
def told(conn_id):
    try:
        found = login_of(conn_id)
    except TechnerError as error:
        return f"{'not now' if error.is_passing else 'refused'}: {error}"
    return [found.access_key, found.secret_key, found.session_token, found.region, found.endpoint]
said = {"outside": told("whole")}
sys.path.insert(0, "plugins")
said |= {conn_id: told(conn_id) for conn_id in sys.argv[1:]}
os.environ |= {"TECHNER_STORE": "s3://bucket/ner", "TECHNER_S3_CONN_ID": "whole"}
said["address"] = load_settings().open_store().presigned("blobs/x", seconds=60)

# As a worker writes the log of a task, and the API server reads it.
from pathlib import Path
from airflow.logging_config import get_remote_task_log
from airflow.sdk.execution_time.supervisor import _configure_logging, _remote_logging_conn
from airflow.sdk.log import upload_to_remote
path = "dag_id=techner_nightly/run_id=a/task_id=plan/attempt=1.log"
task_log, file = _configure_logging(path, client=None)
with file, _remote_logging_conn(client=None):
    task_log.info("three batches are due")
    file.flush()
    upload_to_remote(task_log)
said["log here"] = (Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]) / path).read_text()
said["log"] = get_remote_task_log().read(path, None)
print("said", json.dumps(said))
"""
pytestmark = pytest.mark.xdist_group("connection")  # two workers would both start an Airflow


def remote_logs(endpoint: str) -> dict[str, str]:
    """Return what the composition shows for logs in the store, with the address of another server."""
    shown = re.findall(r"(?m)^  # (AIRFLOW_\w+): (.+)$", (ROOT / "docker-compose.yaml").read_text())
    return {name: value.strip("\"'").replace("http://s3:8333", endpoint) for name, value in shown}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, moto_endpoint: str) -> dict[str, object]:
    """Return what each connection gives, the fields of a login or why it is refused, and a task's log."""
    variables = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(about) for name, about in CONNECTIONS.items()}
    folder = str(tmp_path_factory.mktemp("airflow"))
    home = {"AIRFLOW_HOME": folder, "TECHNER_CACHE": folder, "AIRFLOW__LOGGING__BASE_LOG_FOLDER": folder}
    boto3.client("s3", endpoint_url=moto_endpoint).create_bucket(Bucket="techner")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *CONNECTIONS, "none"],
        cwd=ROOT,
        env=os.environ | variables | home | remote_logs(moto_endpoint),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("said "))
    found: dict[str, object] = json.loads(line.removeprefix("said "))
    return found


def test_a_connection_gives_credentials_region_and_endpoint(said: dict[str, object]) -> None:
    assert said["whole"] == ["KEY", "SECRET", "TOKEN", "eu-central-1", "http://s3:1"]


def test_what_a_connection_leaves_out_is_left_to_boto3(said: dict[str, object]) -> None:
    assert said["bare"] == ["KEY", "SECRET", None, None, None]


@pytest.mark.parametrize(
    ("conn_id", "why"),
    [
        ("half", "give the access key as its login, and the secret key as its password"),
        ("role", "techner does not read role_arn of a connection"),
        ("host", "techner does not read host, port of a connection"),
        ("text", "its extra fields are no JSON object"),
        ("list", "its extra fields are no JSON object"),
        ("outside", "which only its tasks and pages can read: unset it here"),
    ],
)
def test_what_is_no_login_is_refused_with_what_to_do(conn_id: str, why: str, said: dict[str, object]) -> None:
    assert str(said[conn_id]).startswith("refused: ")
    assert why in str(said[conn_id])


def test_a_connection_that_is_not_found_may_be_found_later(said: dict[str, object]) -> None:
    """Airflow does not tell it from a secrets backend that is down."""
    assert str(said["none"]).startswith("not now: TECHNER_S3_CONN_ID='none' is not defined")
    assert "or the secrets backend did not answer" in str(said["none"])


def test_the_setting_reaches_the_store(said: dict[str, object]) -> None:
    address = str(said["address"])
    assert address.startswith("http://s3:1/bucket/ner/blobs/x?")
    assert "X-Amz-Credential=KEY%2F" in address


def test_the_log_of_a_task_is_written_to_the_store_and_read_from_there(said: dict[str, object]) -> None:
    """By Airflow's own code, with the lines of the composition that are commented out."""
    assert said["log here"] == ""  # it was uploaded
    assert isinstance(said["log"], list)
    (source,), (text,) = said["log"]
    assert source == "s3://techner/logs/dag_id=techner_nightly/run_id=a/task_id=plan/attempt=1.log"
    assert json.loads(text)["event"] == "three batches are due"


def test_a_store_is_opened_with_the_login_that_it_is_given() -> None:
    login = S3Login(access_key="KEY", secret_key="SECRET", region="eu-central-1")
    address = open_store("s3://bucket/ner", s3_endpoint="http://127.0.0.1:1", login=login).presigned(
        "blobs/x", seconds=60
    )
    assert "X-Amz-Credential=KEY%2F" in str(address)
    assert "%2Feu-central-1%2Fs3%2F" in str(address)


def test_a_login_shows_no_secret() -> None:
    assert "hidden" not in repr(S3Login(access_key="KEY", secret_key="hidden", session_token="hidden"))
