"""What all tests share: a clean environment, one S3 server a run, the three stores, examples in markup."""

import gc
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import hypothesis
import pytest

from techner.core.examples import Example, Span
from techner.store import FolderStore, MemoryStore, Store, open_store
from tests.s3_server import s3_server

# No deadline: a busy machine is no fault. No database: a run depends on nothing that an earlier one left.
hypothesis.settings.register_profile("techner", deadline=None, database=None)
hypothesis.settings.load_profile("techner")

pytest_plugins = ["pytester", "tests.world", "tests.nights", "tests.skips"]

_MARKED = re.compile(r"\[\[(?P<surface>[^|\]]*)\|(?P<label>[^\]]*)\]\]")


def marked(markup: str) -> Example:
    """Make an example of inline markup: `[[David|PERSON]] uses [[TLS|PROTOCOL]]`."""
    text, spans, done = "", [], 0
    for found in _MARKED.finditer(markup):
        text += markup[done : found.start()]
        spans.append(Span(len(text), len(text) + len(found["surface"]), found["label"]))
        text += found["surface"]
        done = found.end()
    return Example(text + markup[done:], tuple(spans))


# What a person may have set: settings, credentials, proxies (before loopback, too), colours, widths.
_PERSONAL = re.compile(
    r"(?:TECHNER|AWS|AIRFLOW|SPACY|GX)_.*|(?:http|https|all)_proxy|COLUMNS|LINES"
    r"|FORCE_COLOR|NO_COLOR|CLICOLOR\w*|GITHUB_ACTIONS|TTY_\w+|PYTHONIOENCODING|PYTHONWARNINGS",
    re.IGNORECASE,
)


LONGEST_ID = 100
NOBODY = 65534
MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 - files of tests, in folders of pytest


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a home of this run: a cache that outlives a run refuses the next one's stores.

    Fixtures of a module are set up before `isolate`, so it is not enough that each test has none.
    """
    if "TMPDIR" not in os.environ and holds_tests(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    for name in filter(_PERSONAL.fullmatch, [*os.environ]):
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    if not hasattr(config, "workerinput"):  # workers share what the first process found
        os.environ["HOME_OF_THE_PERSON"] = str(Path.home())
        home = tempfile.TemporaryDirectory(prefix="techner-home-", ignore_cleanup_errors=True)
        os.environ["HOME"] = home.name
        config.add_cleanup(home.cleanup)


def holds_tests(place: Path) -> bool:
    """Tell whether files can lie in memory: a folder store syncs each of them to the disk, which is slow."""
    if not os.access(place, os.W_OK | os.X_OK):
        return False
    return shutil.disk_usage(place).free > ROOM and not os.statvfs(place).f_flag & os.ST_NOEXEC


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its length: megabytes of bytes in a test's name cost gigabytes."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{argname}-of-{len(val)}"
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start long tests first, once the order is shuffled: one that starts last leaves a core idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Let the collector pass over what was imported: it is most of the heap, and lives to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def isolate(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TECHNER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def as_anybody() -> Iterator[Path]:
    """Be a user whom permissions bind, which root is not, for one test; gives a folder of that user's."""
    with tempfile.TemporaryDirectory() as folder:  # `tmp_path` lies in a folder that is root's alone
        if privileged := os.geteuid() == 0:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            if privileged:
                os.seteuid(0)


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """Serve S3 on a free loopback port, with credentials that no real service knows."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_SESSION_TOKEN", raising=False)
        environment.delenv("AWS_PROFILE", raising=False)
        with s3_server() as address:
            yield address


@pytest.fixture
def bucket(moto_endpoint: str) -> str:
    """Return the name of a fresh, empty bucket."""
    name = f"techner-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", endpoint_url=moto_endpoint).create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_store(bucket: str, moto_endpoint: str) -> Store:
    return open_store(f"s3://{bucket}/team/ner", s3_endpoint=moto_endpoint)


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store, of each kind in turn."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    found: Store = request.getfixturevalue("s3_store")
    return found
