"""Faulty deliveries that were collected outside this repository, each with what must happen to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.quality.examining import examined, rulebook

NASTY = Path(__file__).parents[2].parent / "shared" / "nasty"
EXPECTED: dict[str, dict[str, Any]] = (
    json.loads((NASTY / "expected.json").read_text())["files"] if NASTY.is_dir() else {}
)

pytestmark = pytest.mark.skipif(not EXPECTED, reason="needs ../shared/nasty")


@pytest.mark.parametrize("name", EXPECTED)
def test_nasty_file_is_treated_as_expected(name: str) -> None:
    expected = EXPECTED[name]
    if name == "gzip_named_jsonl.jsonl":  # "or gunzip in the loader; then accept", and that we do
        expected = EXPECTED["ok_clean.jsonl"]
    frozen = json.loads((NASTY / "_eval_texts.json").read_text())
    against = rulebook(max_text_chars=100_000, frozen=frozen)
    report = examined((NASTY / name).read_bytes(), against).report
    assert report.action == expected["action"]
    assert {issue.code for issue in report.warnings} == set(expected["warn"])
    assert set(expected["codes"]) <= {issue.code for issue in report.issues}
    if report.action != "reject":  # a rejected batch lists no rows there
        assert sorted({issue.row for issue in report.issues if issue.row}) == expected["rows"]
        assert report.quarantined == len(expected["rows"])


def test_every_nasty_file_is_expected() -> None:
    assert {path.name for path in NASTY.glob("*.jsonl")} == set(EXPECTED)
