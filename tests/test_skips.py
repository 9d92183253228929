"""In CI a skipped test is a failed one, unless its reason is listed."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(("listed", "code"), [("no browser", 0), ("# nothing", 1)])
def test_a_skip_fails_the_run_unless_its_reason_is_listed(
    listed: str, code: int, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest((HERE / "skips.py").read_text())
    pytester.makepyfile("import pytest\ndef test_a(): pytest.skip('no browser here')\ndef test_b(): pass\n")
    (pytester.path / "allowed.txt").write_text(listed)
    found = pytester.runpytest_subprocess("--allowed-skips", "allowed.txt", "-p", "no:randomly")
    assert found.ret == code
