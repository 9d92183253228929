"""`techner batch check`: what a night would say of a file, without a store."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from techner.cli.app import app
from techner.formats import write_examples
from techner.starter import slot_examples

GOOD = {"text": "nginx on Linux", "entities": [[0, 5, "TOOL"], [9, 14, "OS"]]}
LEAKED = {"text": "Nginx proxies", "entities": [[0, 5, "TOOL"]]}
VARIANT = {"text": "curl again", "entities": [[0, 4, "tool"]]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "no-store-is-needed"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, *records: object) -> str:
    path = folder / "batch.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def checked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["batch", "check", *arguments])


def numbered(count: int) -> list[dict[str, Any]]:
    return [GOOD | {"text": f"nginx on Linux, {number} times"} for number in range(count)]


def test_check_shows_the_most_frequent_surfaces_and_nothing_that_moves_a_terminal(folder: Path) -> None:
    odd = "[red]a\u202e\ufeff"
    rows = [
        {"text": f"{n} x{n} {odd}", "entities": [[len(str(n)) + 1, len(str(n)) * 2 + 2, "OS"]]}
        for n in range(12)
    ]
    rows += [{"text": f"so {odd} {n}", "entities": [[3, 3 + len(odd), "TOOL"]]} for n in range(3)]
    (folder / "techner.toml").write_text('[quality.severities]\nzero_width = "warning"\n')
    said = checked(written(folder, *rows), "--labels", "TOOL,OS").stdout
    assert "TOOL: [red]a\\u202e\\ufeff 3" in said
    assert "x0 1, x1 1" in said
    assert "… and 2 others" in said
    assert "\u202e" not in said


NAMES = [
    {"text": f"We met Kofi Mensah {number} times", "entities": [[7, 18, "PERSON"]]} for number in range(12)
]


def test_pretrained_labels_are_accepted_and_what_is_assumed_is_said(folder: Path) -> None:
    result = checked(written(folder, *NAMES), "--json")
    assert result.exit_code == 0, result.output
    assert "assumed to be those of spaCy's English pipelines" in " ".join(result.stderr.split())
    assert [one["code"] for one in json.loads(result.stdout)["warnings"]] == ["nothing_new"]


def test_blend_learns_corrections_of_pretrained_labels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNER_TRAINING__STRATEGY", "blend")
    assert json.loads(checked(written(folder, *NAMES), "--json").stdout)["warnings"] == []


def test_check_prints_what_a_program_wants_to_know(folder: Path) -> None:
    file = written(folder, *numbered(5), VARIANT, GOOD | {"text": "nginx on Linux: 4 times"})
    result = checked(file, "--labels", "TOOL, OS", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "action": "quarantine",
        "rows": [6],
        "issues": [
            {
                "row": 6,
                "code": "label",
                "severity": "critical",
                "detail": "'tool' is not one of OS, TOOL",
                "suggestion": "TOOL",
            }
        ],
        "warnings": [
            {
                "row": 7,
                "code": "near_duplicate",
                "severity": "warning",
                "detail": "differs from row 5 only in punctuation or space",
                "suggestion": None,
            }
        ],
        "read": 7,
        "accepted": 6,
        "quarantined": 1,
        "rejected": 0,
        "format": "JSONL",
        "left_out": {},
        "surfaces": {"OS": {"Linux": 6}, "TOOL": {"nginx": 6}},
    }
    assert not (folder / "no-store-is-needed").exists()


@pytest.mark.parametrize(
    "holdout",
    [json.dumps(["NGINX  proxies"]), json.dumps(LEAKED), f"\n{json.dumps(GOOD)}\n{json.dumps(LEAKED)}\n"],
    ids=["list of texts", "one example", "lines"],
)
def test_text_of_the_holdout_is_set_aside(folder: Path, holdout: str) -> None:
    (folder / "holdout.json").write_text(holdout)
    file = written(folder, *numbered(5), LEAKED)
    result = checked(file, "--labels", "TOOL,OS", "--holdout", "holdout.json", "--json")
    assert json.loads(result.stdout)["rows"] == [6]


def test_rejected_file_exits_with_3_and_says_why(folder: Path) -> None:
    result = checked(written(folder, VARIANT), "--labels", "TOOL")
    assert result.exit_code == 3
    assert "reject: 1 read = 0 accepted + 0 quarantined + 1 rejected" in result.stdout
    assert "row 1: label: 'tool' is not one of TOOL; suggested: TOOL" in result.stdout


def test_labels_and_severities_are_those_of_the_settings(folder: Path) -> None:
    toml = '[quality]\nlabels = ["TOOL", "OS"]\n[quality.severities]\nmojibake = "warning"\n'
    (folder / "techner.toml").write_text(toml)
    result = checked(written(folder, GOOD | {"text": "nginx on Linux \ufffd"}), "--json")
    assert json.loads(result.stdout)["action"] == "accept"


@pytest.mark.parametrize(
    ("severities", "says"),
    [
        ('mojibakes = "warning"', "names the code 'mojibakes'"),
        ('leak = "warning"', "'leak', which is always critical"),
        ('label_drift = "critical"', "'label_drift', which is always warning"),
    ],
)
def test_severity_that_cannot_be_is_refused(folder: Path, severities: str, says: str) -> None:
    (folder / "techner.toml").write_text(f"[quality.severities]\n{severities}\n")
    result = checked(written(folder, GOOD))
    assert result.exit_code == 1
    assert says in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.jsonl"], ["batch.jsonl", "--holdout", "nowhere"], ["batch.jsonl", "--labels", ","]],
)
def test_what_cannot_be_checked_is_an_error(folder: Path, arguments: list[str]) -> None:
    written(folder, GOOD)
    assert checked(*arguments).exit_code == 1


def test_more_findings_than_are_shown_are_counted(folder: Path) -> None:
    result = checked(written(folder, *({"text": str(n), "entities": 5} for n in range(13))))
    assert "and 3 more of entities_type; --json lists all" in result.stdout


def test_a_model_that_reads_along_says_where_it_surely_disagrees(folder: Path, base_model: Path) -> None:
    examples = slot_examples("general", 60, seed=5)
    file = folder / "half-done.jsonl"
    file.write_bytes(write_examples([*examples[:30], *(replace(eg, spans=()) for eg in examples[30:])]))
    labels = sorted({span.label for example in examples for span in example.spans})
    asked = (str(file), "--labels", ",".join(labels), "--json")
    alone, beside = checked(*asked), checked(*asked, "--model", str(base_model))
    codes = [{found["code"] for found in json.loads(done.stdout)["warnings"]} for done in (alone, beside)]
    assert codes[1] - codes[0] == {"model_disagreement"}


def test_a_model_that_is_none_is_an_error(folder: Path) -> None:
    result = checked(written(folder, *numbered(3)), "--model", str(folder / "nowhere"))
    assert result.exit_code == 1
