"""The policies of deploy/policies, as Ceph enforces them: each role has a login of its own."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from techner.core.errors import StoreRefused
from techner.operate.rights import PLACES, rights
from techner.store import Store, open_store
from techner.store.login import S3Login
from tests.production.servers import KEY_ID, SECRET, Servers

pytestmark = [pytest.mark.production, pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[2] / "deploy" / "policies"
BUCKET, PREFIX = "policies", "ner"
ROLES = ("annotator", "service", "pipeline", "collector")
MANIFEST = "versions/0001-0123456789abcdef/manifest.json"
OBJECTS = (*(f"{place}x/y.json" for place in PLACES), MANIFEST)
MAY: dict[str, dict[str, set[str]]] = {
    "annotator": {
        "read": {"inbox/", "batches/", "decisions/", "aliases/"},
        "write": {"inbox/"},
        "remove": set(),
    },
    "service": {"read": {"aliases/", "versions/", "blobs/"}, "write": set(), "remove": set()},
    "pipeline": {"read": {*PLACES}, "write": {*PLACES} - {"inbox/"}, "remove": {"runs/"}},
    "collector": {
        "read": {*PLACES},
        "write": {"judgements/", "decisions/"},
        "remove": {"versions/", "blobs/", "runs/"},
    },
}


def statements(role: str) -> Iterator[dict[str, Any]]:
    """Yield what a role may, for a bucket that gives it to the role's user."""
    text = (FOLDER / f"{role}.json").read_text(encoding="utf-8")
    for statement in json.loads(text.replace("BUCKET", BUCKET).replace("PREFIX", PREFIX))["Statement"]:
        yield {"Principal": {"AWS": [f"arn:aws:iam:::user/{role}"]}} | statement


def opened(servers: Servers, who: str) -> Store:
    login = S3Login(access_key=who, secret_key=SECRET, region="us-east-1")
    return open_store(f"s3://{BUCKET}/{PREFIX}", s3_endpoint=servers.endpoint, login=login)


@dataclass(frozen=True)
class Roles:
    owner: Store
    of: dict[str, Store]
    """The store as each role opens it."""


@pytest.fixture(scope="module")
def roles(servers: Servers) -> Roles:
    """Return a bucket with an object in each place, and with the policies of all roles."""
    for role in ROLES:
        user = ("user", "create", f"--uid={role}", f"--display-name={role}", f"--access-key={role}")
        command = ("radosgw-admin", "--conf", str(servers.ceph / "ceph.conf"), *user)
        subprocess.run([*command, f"--secret-key={SECRET}"], check=True, capture_output=True)
    session = boto3.Session(KEY_ID, SECRET, region_name="us-east-1")
    client = session.client("s3", endpoint_url=servers.endpoint)
    client.create_bucket(Bucket=BUCKET)
    policy = {"Version": "2012-10-17", "Statement": [one for role in ROLES for one in statements(role)]}
    client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    owner = opened(servers, KEY_ID)
    for key in OBJECTS:
        owner.put(key, b"{}")
    return Roles(owner, {role: opened(servers, role) for role in ROLES})


def allowed(do: Callable[[str], object]) -> set[str]:
    """Return the places in which something is not refused."""
    found = set()
    for place in PLACES:
        try:
            do(f"{place}x/y.json")
        except StoreRefused:
            continue
        found.add(place)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_writes_and_removes_what_its_policy_says_and_nothing_else(
    role: str, roles: Roles
) -> None:
    store = roles.of[role]
    found = {
        "read": allowed(store.get),
        "write": allowed(lambda key: store.put(key, b"{}")),
        "remove": allowed(store.delete),
    }
    for place in PLACES:
        roles.owner.put(f"{place}x/y.json", b"{}")
    assert found == MAY[role]


def test_an_annotator_sees_manifests_but_no_file_of_a_model(roles: Roles) -> None:
    assert roles.of["annotator"].get(MANIFEST) == b"{}"
    with pytest.raises(StoreRefused, match="check the rights of their user or role"):
        roles.of["annotator"].get("blobs/x/y.json")


def test_a_service_lists_versions_and_no_delivery(roles: Roles) -> None:
    assert [entry.key for entry in roles.of["service"].list("versions/")] == [MANIFEST, "versions/x/y.json"]
    with pytest.raises(StoreRefused):
        list(roles.of["service"].list("inbox/"))


def test_doctor_knows_the_login_of_the_pipeline_as_enough_for_nights(roles: Roles) -> None:
    found = rights(roles.of["pipeline"], is_create_only=True)
    assert found.is_well
    assert "enough for nights" in found.detail
