"""However much is wrong with a delivery, what is written of it stays small, and no row is lost."""

import base64
import json
from pathlib import Path

import pytest

from techner.core.policy import QualityPolicy
from techner.formats import Fault
from techner.inbox.deliveries import read_inbox
from techner.quality.findings import MAX_LISTED, MAX_LISTED_OF_ROW, Findings
from techner.store import MemoryStore
from tests.quality.examining import clean, examined, row, rulebook

MANY = MAX_LISTED + 500


@pytest.fixture(scope="module")
def garbage() -> list[bytes]:
    return [b"garbage %d" % number for number in range(MANY)]


def test_findings_beyond_the_first_are_counted(garbage: list[bytes]) -> None:
    report = examined([*clean(10), *garbage], recorded=True).report
    listed = [issue for issue in report.issues if issue.code == "json"]
    assert (len(listed), report.left_out) == (MAX_LISTED, {"json": MANY - MAX_LISTED})
    assert next(one.failing for one in report.expectations if one.code == "json") == MANY


def test_row_whose_finding_is_not_listed_is_set_aside_with_bytes_and_code(garbage: list[bytes]) -> None:
    found = examined([*clean(10), *garbage], rulebook(max_quarantine_share=1.0))
    aside = [json.loads(line) for line in found.quarantine.splitlines()]
    assert (
        (found.report.accepted, found.report.quarantined) == (10, MANY) == (len(found.accepted), len(aside))
    )
    assert base64.b64decode(aside[-1]["raw"]) == garbage[-1]
    assert aside[-1]["reasons"] == ["json: expected: the row is JSON with unique keys"]


def test_one_row_with_thousands_of_faults_has_few_findings() -> None:
    spans = [[place, place + 2, "NOPE"] for place in range(5000)]
    found = examined([*clean(10), row("word " * 1100, *spans), row("word " * 1101, *spans)])
    of_row = [issue for issue in found.report.issues if issue.row == 11]
    assert len(of_row) == MAX_LISTED_OF_ROW
    assert sum(found.report.left_out.values()) == 2 * 5000 - 2 * MAX_LISTED_OF_ROW


def test_warnings_that_fill_the_list_hide_no_critical_fault() -> None:
    text = "'x' " * 40
    marks = [[4 * place, 4 * place + 3, "OS"] for place in range(39)]
    found = examined([*clean(10), row(text, *marks, [157, 158, "OS"], [157, 158, "LIB"])])
    assert found.report.quarantined == 1
    assert "overlap" in found.quarantine.decode()


def test_file_above_the_limit_is_rejected_with_a_sentence() -> None:
    data = b"\n".join(clean(3))
    report = examined(data, rulebook(max_delivery_bytes=len(data) - 1)).report
    assert [issue.code for issue in report.issues] == ["large"]
    assert examined(data, rulebook(max_delivery_bytes=len(data))).report.action == "accept"


def test_file_above_the_limit_is_not_even_read_from_the_inbox(tmp_path: Path) -> None:
    class Watching(MemoryStore):
        def get(self, key: str) -> bytes:
            assert key != "inbox/large.jsonl"
            return super().get(key)

    store = Watching()
    store.create("inbox/large.jsonl", b"12345")
    store.create("inbox/small.jsonl", b"1234")
    inbox = read_inbox(store, tmp_path, max_bytes=4)
    assert [batch.name for batch in inbox.batches] == ["small.jsonl"]
    assert "max_delivery_bytes" in inbox.ignored[0].why


def test_every_critical_row_is_named_though_its_finding_is_not_listed() -> None:
    policy = QualityPolicy()
    findings = Findings()
    for number in range(1, MANY + 1):
        findings.add(number, Fault("json", "broken"))
        findings.add(number, Fault("not_nfc", "a warning"))
    assert [issue.row for issue in findings.all_critical(policy)] == list(range(1, MANY + 1))
    assert findings.critical_rows(policy) == set(range(1, MANY + 1))
