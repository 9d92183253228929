"""What the tests find around them is theirs, and the long ones start first."""

import os
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


@pytest.fixture(scope="module")
def home_of_a_module() -> Path:
    return Path.home()


def test_home_and_credentials_are_nobodys(home_of_a_module: Path) -> None:
    assert Path(os.environ["HOME_OF_THE_PERSON"]) not in (Path.home(), home_of_a_module)
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


def test_two_runs_have_two_homes(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> None:
    pytester.makeconftest(Path(conftest.__file__).read_text(encoding="utf-8"))
    pytester.makepyfile("from pathlib import Path\ndef test_home():\n    print('home', Path.home())\n")
    command = ("-p", "no:randomly", "-p", "no:cacheprovider", "-s", f"--rootdir={request.config.rootpath}")
    outputs = [pytester.runpytest_subprocess(*command).outlines for _ in range(2)]
    first, second = ([line for line in lines if "home /" in line] for lines in outputs)
    assert first
    assert second
    assert first != second


def test_files_lie_in_memory_only_where_it_is_there_and_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "ROOM", 0)
    assert holds_tests(tmp_path)
    assert not holds_tests(tmp_path / "none")
    monkeypatch.setattr(conftest, "ROOM", 1 << 60)
    assert not holds_tests(tmp_path)
