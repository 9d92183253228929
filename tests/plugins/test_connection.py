"""The login of the store in a connection of Airflow: read in its processes alone, and whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
}
# One process for all: Airflow takes seconds to import.
PROGRAM = """
import sys
from techner.core.errors import SettingsError
from techner.settings.login import login_of
def told(conn_id):
    try:
        found = login_of(conn_id)
    except SettingsError as error:
        return f"refused: {error}"
    return [found.access_key, found.secret_key, found.session_token, found.region, found.endpoint]
said = {"outside": told("whole")}
sys.path.insert(0, "plugins")
said |= {conn_id: told(conn_id) for conn_id in ("whole", "bare", "half", "role", "none")}
import json
print("said", json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what each connection gives: the fields of a login, or why it is refused."""
    variables = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(about) for name, about in CONNECTIONS.items()}
    home = {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | variables | home,
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
        ("none", "add that connection to Airflow, or correct its name"),
        ("outside", "which only its tasks and pages can read: unset it here"),
    ],
)
def test_what_is_no_login_is_refused_with_what_to_do(conn_id: str, why: str, said: dict[str, object]) -> None:
    assert why in str(said[conn_id])


def test_a_store_is_opened_with_the_login_that_it_is_given() -> None:
    login = S3Login(access_key="KEY", secret_key="SECRET", region="eu-central-1")
    address = open_store("s3://bucket/ner", s3_endpoint="http://127.0.0.1:1", login=login).presigned(
        "blobs/x", seconds=60
    )
    assert "X-Amz-Credential=KEY%2F" in str(address)
    assert "%2Feu-central-1%2Fs3%2F" in str(address)


def test_a_login_shows_no_secret() -> None:
    assert "hidden" not in repr(S3Login(access_key="KEY", secret_key="hidden", session_token="hidden"))
