"""In CI a skipped test is a failed one, unless its reason is listed."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIST = HERE.parent / ".ci" / "allowed-skips.txt"
ONE_SKIPPED = "import pytest\ndef test_a(): pytest.skip('no browser here')\ndef test_b(): pass\n"
ALL_SKIPPED = "import pytest\npytest.skip('no browser here', allow_module_level=True)\n"


@pytest.mark.parametrize("skipping", [ONE_SKIPPED, ALL_SKIPPED], ids=["test", "module"])
@pytest.mark.parametrize(("listed", "code"), [("no browser", 0), ("# nothing", 1), ("browser", 1)])
def test_a_skip_fails_the_run_unless_its_reason_is_listed(
    skipping: str, listed: str, code: int, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest((HERE / "skips.py").read_text())
    pytester.makepyfile(test_skipping=skipping, test_other="def test_c(): pass\n")
    (pytester.path / "allowed.txt").write_text(listed)
    found = pytester.runpytest_inprocess("--allowed-skips", "allowed.txt", "-p", "no:randomly")
    assert found.ret == code


def test_every_reason_begins_with_words_so_that_it_can_be_listed() -> None:
    """A path of this machine at the beginning could be on no list."""
    reasons = [
        (path.name, reason)
        for path in HERE.rglob("test_*.py")
        for reason in re.findall(r"""(?:skip\(|reason=)\s*(f?["'].[^"']*)""", path.read_text())
    ]
    assert len(reasons) > 5
    assert [name for name, reason in reasons if not re.match(r"""f?["'][a-z]""", reason)] == []


def test_nothing_that_needs_shared_files_may_be_skipped_in_ci() -> None:
    listed = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in listed if "needs ../shared".startswith(line) or "shared" in line] == []
