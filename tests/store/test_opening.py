"""From a URL to a store."""

from pathlib import Path

import pytest

from techner.core.errors import SettingsError
from techner.store import FolderStore, open_store


def test_file_url_opens_a_folder(tmp_path: Path) -> None:
    opened = open_store(f"file://{tmp_path}/a%20b")
    assert isinstance(opened, FolderStore)
    assert opened.root == tmp_path / "a b"


def test_plain_path_opens_a_folder(tmp_path: Path) -> None:
    opened = open_store(str(tmp_path / "store"))
    assert isinstance(opened, FolderStore)
    assert opened.root == tmp_path / "store"


@pytest.mark.parametrize("url", ["{}", "file://{}"])
def test_a_file_is_no_store(url: str, tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(SettingsError, match="store is a file; give a folder"):
        open_store(url.format(tmp_path / "store"))


def test_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store("data/store").url == f"file://{tmp_path}/data/store"


def test_url_of_a_folder_opens_the_same_folder(tmp_path: Path) -> None:
    first = FolderStore(tmp_path / "ä b")
    first.create("a", b"1")
    assert open_store(first.url).get("a") == b"1"


@pytest.mark.usefixtures("moto_endpoint")
@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/team/ner/", "s3://bucket/team/ner"),
    ],
)
def test_s3_url_opens_a_bucket(url: str, opened: str) -> None:
    assert open_store(url).url == opened


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "store ",
        "\tstore",
        "file:///tmp/store\n",
        "s3://",
        "s3:///prefix",
        "s3:/bucket",
        "file://host/path",
        "file://",
        "ftp://host/a",
        "gs://bucket",
        "s3://buck\net",
        "s3://bucket:80/x",
        "s3://bucket/x?a=b",
        "s3://bucket#x",
        "http://[",
        "file:///a%00b",
        "a\0b",
    ],
)
def test_nonsense_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError, match="is not a store; use") as caught:
        open_store(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://KEY:secret@bucket/x",
        "s3://KEY:se/cret@bucket",
        "s3://bucket?X-Amz-Signature=secret",
        "https://user:secret@host/x",
    ],
)
def test_a_password_in_a_store_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="is not a store; use") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "host",
        "ftp://host",
        "http://",
        "http://[",
        "http://host:99999",
        "http://host:port",
        "http://user:secret@host",
        "http://secret@host",
        "http://host?X-Amz-Signature=secret",
    ],
)
def test_an_endpoint_that_is_none_is_refused_without_its_password(endpoint: str) -> None:
    with pytest.raises(
        SettingsError, match=r"TECHNER_S3_ENDPOINT=.* is not an endpoint; write http://host:port"
    ) as caught:
        open_store("s3://bucket", s3_endpoint=endpoint)
    assert "secret" not in str(caught.value)


def test_a_public_endpoint_that_is_none_is_refused_by_its_own_name() -> None:
    with pytest.raises(SettingsError, match="TECHNER_S3_PUBLIC_ENDPOINT='host' is not an endpoint"):
        open_store("s3://bucket", s3_endpoint="http://127.0.0.1:1", s3_public_endpoint="host")


def test_a_profile_that_is_unknown_is_an_error_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match=r"s3://bucket cannot be opened: .*\(nobody\).*; check"):
        open_store("s3://bucket", s3_endpoint="http://127.0.0.1:1")


def test_a_home_folder_of_nobody_is_refused() -> None:
    with pytest.raises(SettingsError, match="no such home folder"):
        open_store("~no-such-person/store")
