"""What the tests find around them is theirs, and the long ones start first."""

import os
import pwd
from pathlib import Path

import pytest

from tests import conftest
from tests.conftest import _PERSONAL, holds_tests, pytest_collection_modifyitems


def test_long_tests_start_first(pytester: pytest.Pytester) -> None:
    items = pytester.getitems("import pytest\ndef test_a(): pass\n@pytest.mark.long\ndef test_b(): pass\n")
    pytest_collection_modifyitems(items)
    assert [item.name for item in items] == ["test_b", "test_a"]


@pytest.mark.parametrize(
    "name", ["TECHNER_STORE", "AWS_PROFILE", "AIRFLOW_HOME", "http_proxy", "HTTPS_PROXY"]
)
def test_what_a_person_has_set_is_taken_away(name: str) -> None:
    assert _PERSONAL.fullmatch(name)


def test_home_and_credentials_are_nobodys() -> None:
    assert Path.home() != Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


def test_files_lie_in_memory_only_where_it_is_there_and_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "ROOM", 0)
    assert holds_tests(tmp_path)
    assert not holds_tests(tmp_path / "none")
    monkeypatch.setattr(conftest, "ROOM", 1 << 60)
    assert not holds_tests(tmp_path)
