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
    ["", "s3://", "s3:///prefix", "s3:/bucket", "file://host/path", "file://", "ftp://host/a", "gs://bucket"],
)
def test_nonsense_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError, match="is no store; use") as caught:
        open_store(url)
    assert repr(url) in str(caught.value)
