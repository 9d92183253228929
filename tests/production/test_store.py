"""What every store promises, and what is special about a store in a bucket, kept by Ceph."""

import pytest

from techner.store import Store
from tests.production.servers import KEY_ID, SECRET, Servers
from tests.store.test_contract import *  # noqa: F403 - the same tests on another store
from tests.store.test_s3 import *  # noqa: F403

pytestmark = [pytest.mark.production, pytest.mark.timeout(600)]

del test_list_goes_on_past_the_first_page  # noqa: F821 - only moto is told how much to list at a time


@pytest.fixture
def moto_endpoint(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give Ceph's address to the tests that ask for moto's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return servers.endpoint


@pytest.fixture
def store(s3_store: Store) -> Store:
    return s3_store
