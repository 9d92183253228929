"""`techner uptrain` and `techner evaluate`: the same as a night's training and scoring, on plain files."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from techner.cli.app import app, main, spread
from techner.core.examples import Example, Span
from techner.formats import write_examples
from techner.starter import slot_examples
from techner.uptraining.pipeline import load_pipeline, new_labels, predict
from tests.world import tech_batch

GENERAL = slot_examples("general", 40, seed=3)


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TECHNER_TRAINING__EPOCHS", "1")
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "no-store-is-needed"))


def written(path: Path, examples: tuple[Example, ...]) -> str:
    path.write_bytes(write_examples(examples))
    return str(path)


def uptrained(base: Path, folder: Path, *more: str) -> Path:
    train, rehearsal = written(folder / "train.jsonl", tech_batch(0, 30)), folder / "rehearsal.jsonl"
    rehearsal.write_text("".join(json.dumps({"text": example.text}) + "\n" for example in GENERAL))
    arguments = ["--base", str(base), "--train", train, "--rehearsal", str(rehearsal)]
    result = CliRunner().invoke(app, ["uptrain", *arguments, "--out", str(folder / "out"), *more])
    assert result.exit_code == 0, result.output
    return folder / "out"


def scores(model: Path, *gold: str) -> dict[str, Any]:
    arguments = [value for path in gold for value in ("--gold", path)]
    result = CliRunner().invoke(app, ["evaluate", "--model", str(model), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_uptrain_writes_a_pipeline_that_knows_the_new_labels(base_model: Path, tmp_path: Path) -> None:
    assert "PROTOCOL" in new_labels(load_pipeline(uptrained(base_model, tmp_path)))


def test_the_strategy_is_the_one_that_was_asked_for(base_model: Path, tmp_path: Path) -> None:
    nlp = load_pipeline(uptrained(base_model, tmp_path, "--strategy", "blend", "--seed", "3"))
    assert nlp.pipe_names == ["ner"]


def test_a_folder_that_is_there_is_not_overwritten(base_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    train = written(tmp_path / "train.jsonl", tech_batch(0, 5))
    arguments = ["--base", str(base_model), "--train", train, "--rehearsal", train]
    result = CliRunner().invoke(app, ["uptrain", *arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code != 0
    assert "name a folder that does not exist" in str(result.exception)


def test_evaluate_scores_exact_spans_over_the_labels_of_the_gold_files(
    base_model: Path, tmp_path: Path
) -> None:
    texts = [example.text for example in GENERAL]
    found = predict(load_pipeline(base_model), texts)
    people = tuple(
        Example(text, spans).only(frozenset({"PERSON"})) for text, spans in zip(texts, found, strict=True)
    )
    told = scores(base_model, written(tmp_path / "gold.jsonl", people))
    count = sum(len(example.spans) for example in people)
    right = {"p": 1.0, "r": 1.0, "f": 1.0}
    assert count > 0
    assert told == {"micro": right, "macro": {"f": 1.0}, "labels": {"PERSON": right | {"support": count}}}


def test_several_gold_files_are_scored_as_one(base_model: Path, tmp_path: Path) -> None:
    halves = [written(tmp_path / f"{n}.jsonl", GENERAL[n * 20 : n * 20 + 20]) for n in (0, 1)]
    whole = written(tmp_path / "whole.jsonl", GENERAL)
    assert scores(base_model, *halves) == scores(base_model, whole)


def test_a_label_outside_a_rows_scope_is_not_scored_there(base_model: Path, tmp_path: Path) -> None:
    texts = [example.text for example in GENERAL]
    found = predict(load_pipeline(base_model), texts)
    scoped = tuple(
        Example(
            text,
            tuple(s for s in spans if s.label == ("PERSON" if n % 2 else "GPE")),
            ("PERSON",) if n % 2 else ("GPE",),
        )
        for n, (text, spans) in enumerate(zip(texts, found, strict=True))
    )
    assert scores(base_model, written(tmp_path / "gold.jsonl", scoped))["micro"]["p"] == 1.0


def test_gold_without_a_span_is_an_error(base_model: Path, tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", (Example("nothing here"),))
    result = CliRunner().invoke(app, ["evaluate", "--model", str(base_model), "--gold", gold])
    assert "nothing to score" in str(result.exception)


def test_several_files_may_follow_one_option() -> None:
    asked = ["uptrain", "--train", "a", "b", "--seed", "1", "--gold", "c"]
    assert spread(asked) == ["uptrain", "--train", "a", "--train", "b", "--seed", "1", "--gold", "c"]


def test_the_command_spreads_its_arguments(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    halves = [written(tmp_path / f"{n}.jsonl", GENERAL[n * 20 : n * 20 + 20]) for n in (0, 1)]
    arguments = ["techner", "evaluate", "--model", str(base_model), "--gold", *halves, "--json"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["labels"]


def test_an_option_with_its_value_may_be_followed_by_more_files() -> None:
    assert spread(["uptrain", "--train=a", "b"]) == ["uptrain", "--train=a", "--train", "b"]


def test_overlapping_gold_is_refused_with_its_row(base_model: Path, tmp_path: Path) -> None:
    wrong = Example("TLS over SSL", (Span(0, 8, "PROTOCOL"), Span(4, 12, "PROTOCOL")))
    gold = written(tmp_path / "gold.jsonl", (Example("fine"), wrong))
    result = CliRunner().invoke(app, ["evaluate", "--model", str(base_model), "--gold", gold])
    assert "row 2: overlap" in str(result.exception)


def test_files_are_read_under_todays_names(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHNER_SCHEME", '{"renamed": {"PROTOCOL": "WIRE_PROTOCOL"}}')
    labels = new_labels(load_pipeline(uptrained(base_model, tmp_path)))
    assert "WIRE_PROTOCOL" in labels
    assert "PROTOCOL" not in labels
