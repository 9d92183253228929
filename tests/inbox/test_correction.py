"""Rows that were set aside come back corrected, and the new delivery says what it corrects."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from techner.cli.app import app
from techner.core.delivery import QualityReport
from techner.formats import write_examples
from techner.inbox.admissions import admission_folder
from techner.night.admit import admit
from techner.night.plan import plan
from tests.world import POLICIES, World, tech_batch

LENIENT = replace(POLICIES, quality=replace(POLICIES.quality, max_quarantine_share=0.9))
FAULTY: tuple[dict[str, Any], ...] = (
    {"text": "we speak TLS here", "entities": [[9, 12, "protocol"], [9, 12, "PROTOCOL"]]},
    {"text": "and SMTP there", "entities": [[4, 9, "B-PROTOCOL"]]},
    {"text": "🚀 TLS and HTTP", "entities": [[3, 6, "PROTOCOL"], [11, 15, "PROTOCOL"]]},
    {"text": "half of a HTT", "entities": [[10, 12, "PROTOCOL"]]},
)


@pytest.fixture
def faulty(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """Return a world in which `monday.jsonl` has good rows, faulty ones, a copy, and a line cut off."""
    good = write_examples(tech_batch(300, 310))
    lines = [good.splitlines()[0], *(json.dumps(record).encode() for record in FAULTY), b'{"text": "cut']
    world.store.create("inbox/monday.jsonl", good + b"\n".join(lines))
    monkeypatch.setenv("TECHNER_STORE", world.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(world.cache))
    monkeypatch.setenv("TECHNER_QUALITY__MAX_QUARANTINE_SHARE", "0.9")
    monkeypatch.chdir(tmp_path)
    return world


def admitted(world: World, run_id: str, name: str) -> QualityReport:
    made = plan(world.run(run_id), LENIENT, batches=(name,))
    assert made is not None
    return admit(world.run(run_id), made.batches[0].digest)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["batch", *arguments])


def test_rows_set_aside_come_back_corrected_and_linked(faulty: World, tmp_path: Path) -> None:
    first = admitted(faulty, "run-1", "monday.jsonl")
    assert (first.quarantined, first.accepted) == (6, 10)
    result = call("fix", "monday.jsonl")
    assert result.exit_code == 0, result.output
    assert "3 rows corrected with certainty, 2 to correct, 1 left out" in result.stderr
    path = tmp_path / result.stdout.strip()
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [record["entities"] for record in records] == [
        [[9, 12, "PROTOCOL"]],
        [[4, 8, "PROTOCOL"]],
        [[2, 5, "PROTOCOL"], [10, 14, "PROTOCOL"]],
        [[10, 12, "PROTOCOL"]],
        None,
    ]
    assert records[4]["techner"]["raw"] == '{"text": "cut'
    assert call("submit", str(path)).exit_code == 0
    second = admitted(faulty, "run-2", path.name)
    assert (second.corrects, second.accepted, second.quarantined) == (first.batch.digest, 3, 2)
    assert "corrects: monday.jsonl" in call("show", path.name).stdout


def test_a_page_and_the_record_of_great_expectations_lie_beside_the_report(faulty: World) -> None:
    report = admitted(faulty, "run-1", "monday.jsonl")
    folder = admission_folder(report.batch, report.admission)
    page = call("report", "monday.jsonl").stdout
    assert faulty.store.get(f"{folder}/report.html").decode() == page.removesuffix("\n")
    assert "B-PROTOCOL" in page
    written = json.loads(faulty.store.get(f"{folder}/expectations.json"))
    failed = {
        result["expectation_config"]["kwargs"]["column"]
        for result in written["rows"]["results"]
        if not result["success"]
    }
    assert failed >= {"ok_label", "ok_json", "ok_misaligned", "ok_duplicate"}


def test_a_file_that_exists_is_not_overwritten(faulty: World, tmp_path: Path) -> None:
    admitted(faulty, "run-1", "monday.jsonl")
    (tmp_path / "mine.jsonl").write_text("corrected for hours")
    assert call("fix", "monday.jsonl", "--out", "mine.jsonl").exit_code == 1
    assert (tmp_path / "mine.jsonl").read_text() == "corrected for hours"


def test_rows_are_not_left_without_the_metadata_that_makes_them_a_correction(
    faulty: World, tmp_path: Path
) -> None:
    admitted(faulty, "run-1", "monday.jsonl")
    (tmp_path / "mine.jsonl.meta.json").write_text("of another file")
    refused = call("fix", "monday.jsonl", "--out", "mine.jsonl")
    assert "cannot write mine.jsonl.meta.json: File exists" in str(refused.exception)
    assert not (tmp_path / "mine.jsonl").exists()
    assert (tmp_path / "mine.jsonl.meta.json").read_text() == "of another file"


@pytest.mark.usefixtures("faulty")
def test_a_batch_that_was_not_examined_has_nothing_to_fix() -> None:
    result = call("fix", "monday.jsonl")
    assert result.exit_code == 1
    assert "was not examined" in str(result.exception)


def test_a_batch_without_faults_has_nothing_to_fix(faulty: World) -> None:
    faulty.deliver("good.jsonl", tech_batch(320, 330))
    admitted(faulty, "run-1", "good.jsonl")
    assert "no row of 'good.jsonl' was set aside" in str(call("fix", "good.jsonl").exception)


def test_a_label_that_cannot_be_written_is_set_aside_like_any_other(world: World) -> None:
    row = json.dumps({"text": "we speak TLS", "entities": [[9, 12, "\ud800"]]}).encode()
    world.store.create("inbox/monday.jsonl", write_examples(tech_batch(300, 310)) + row)
    assert admitted(world, "run-1", "monday.jsonl").quarantined == 1


def test_a_scope_given_with_a_correction_keeps_what_it_corrects(faulty: World, tmp_path: Path) -> None:
    first = admitted(faulty, "run-1", "monday.jsonl")
    path = tmp_path / call("fix", "monday.jsonl").stdout.strip()
    assert call("submit", str(path), "--scope", "PROTOCOL,HARDWARE").exit_code == 0
    delivered = json.loads(faulty.store.get(f"inbox/{path.name}.meta.json"))
    assert (delivered["scope"], delivered["corrects"]) == (["PROTOCOL", "HARDWARE"], first.batch.digest)
