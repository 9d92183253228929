"""Annotated files that are named on the command line."""

import json
from pathlib import Path

import pytest

from techner.cli.examples import read_gold, read_mixed
from techner.core.errors import BatchError


def file(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_rows_that_their_annotator_refused_are_neither_gold_nor_text(tmp_path: Path) -> None:
    span = {"start": 0, "end": 5, "label": "PERSON"}
    path = file(
        tmp_path,
        {"text": "David is here", "spans": [span], "answer": "accept"},
        {"text": "Laura is here", "spans": [span], "answer": "reject"},
        {"text": "Peter is here", "_task_hash": 1, "answer": "ignore"},
    )
    assert [example.text for example in read_gold(path)] == ["David is here"]
    assert read_mixed(path)[1] == []


def test_a_second_format_is_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, {"text": "a b", "entities": []}, {"text": "c d", "label": []})
    with pytest.raises(BatchError, match=r"rows\.jsonl: mixed: row 1 is JSONL, row 2 is doccano"):
        read_gold(path)
