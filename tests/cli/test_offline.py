"""`techner uptrain` and `techner evaluate`: the same as a night's training and scoring, on plain files."""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from techner.cli.app import app, main, spread
from techner.core.errors import BatchError
from techner.core.examples import Example, Span
from techner.core.policy import TECH_LABELS
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


def uptrain(base: Path, folder: Path, *more: str) -> Result:
    train, rehearsal = written(folder / "train.jsonl", tech_batch(0, 30)), folder / "rehearsal.jsonl"
    rehearsal.write_text("".join(json.dumps({"text": example.text}) + "\n" for example in GENERAL))
    arguments = ["--base", str(base), "--train", train, "--rehearsal", str(rehearsal)]
    return CliRunner().invoke(app, ["uptrain", *arguments, "--out", str(folder / "out"), *more])


def uptrained(base: Path, folder: Path, *more: str) -> Path:
    result = uptrain(base, folder, *more)
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
    assert "give a folder that does not exist yet" in str(result.exception)


def test_a_disk_that_is_full_leaves_no_half_of_a_model(base_model: Path, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))  # as a disk with little room
    try:
        result = uptrain(base_model, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(result.exception, OSError)
    assert {path.name for path in tmp_path.iterdir()} == {"train.jsonl", "rehearsal.jsonl"}


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
    assert told == {
        "micro": right,
        "macro": {"f": 1.0},
        "labels": {"PERSON": right | {"support": count}},
        "rows": len(GENERAL),
        "scored": len(GENERAL),
        "passed_over": 0,
        "set_aside": [],
        "used_with_faults": {},
        "unknown_labels": {},
    }


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


def test_evaluate_refuses_a_file_that_is_given_twice_whatever_its_name(
    base_model: Path, tmp_path: Path
) -> None:
    gold = written(tmp_path / "gold.jsonl", GENERAL[:3])
    (tmp_path / "again.jsonl").symlink_to(gold)
    with pytest.raises(BatchError, match=r"again\.jsonl is .*gold\.jsonl, which is given already"):
        raise evaluated(base_model, gold, "--gold", str(tmp_path / "again.jsonl")).exception or AssertionError


def evaluated(model: Path, gold: str, *more: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", "--model", str(model), "--gold", gold, *more])


def test_a_row_that_cannot_be_scored_is_set_aside_and_the_rest_is_scored(
    base_model: Path, tmp_path: Path
) -> None:
    lost = Example("Ada \ufffd sat", (Span(0, 3, "PERSON"),))
    gold = written(tmp_path / "gold.jsonl", (*GENERAL[:20], lost))
    told = evaluated(base_model, gold, "--json")
    assert told.exit_code == 3
    figures = json.loads(told.stdout)
    assert [(one["file"], one["row"], one["code"]) for one in figures["set_aside"]] == [
        (gold, 21, "mojibake")
    ]
    assert (figures["rows"], figures["scored"]) == (21, 20)
    assert "1 of 21 rows are set aside: 1 mojibake (row 21: mojibake" in " ".join(told.stderr.split())
    without = scores(base_model, written(tmp_path / "without.jsonl", GENERAL[:20]))
    assert figures["micro"] == without["micro"]


def test_gold_without_a_usable_row_is_an_error(base_model: Path, tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", (Example("Ada \ufffd sat", (Span(0, 3, "PERSON"),)),))
    assert "nothing to score" in str(evaluated(base_model, gold).exception)


def test_labels_that_the_model_does_not_have_are_said(base_model: Path, tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", (Example("Ada sat", (Span(0, 3, "PER"),)), *GENERAL[:9]))
    told = evaluated(base_model, gold, "--json")
    assert json.loads(told.stdout)["unknown_labels"] == {"PER": 1}
    assert "'PER' (1 span, PERSON is probably meant)" in " ".join(told.stderr.split())


def test_uptrain_says_what_it_does_not_learn_and_keeps_its_texts_out_of_the_rehearsal(
    base_model: Path, tmp_path: Path
) -> None:
    train = (*tech_batch(0, 30), *GENERAL[:5])
    paths = [written(tmp_path / name, rows) for name, rows in (("t.jsonl", train), ("r.jsonl", GENERAL))]
    arguments = ["--base", str(base_model), "--train", paths[0], "--rehearsal", paths[1]]
    told = CliRunner().invoke(app, ["uptrain", *arguments, "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    said = " ".join(told.stderr.split())
    assert "extend learns no corrections of pretrained labels" in said
    assert "5 rehearsal texts are left out" in said
    assert "35 new examples, 35 rehearsal texts" in said


def test_uptrain_refuses_rehearsal_labels_that_the_pretrained_pipeline_has_not(
    base_model: Path, tmp_path: Path
) -> None:
    train = written(tmp_path / "t.jsonl", tech_batch(0, 9))
    rehearsal = written(tmp_path / "r.jsonl", (Example("Ada sat", (Span(0, 3, "PER"),)),))
    arguments = ["--base", str(base_model), "--train", train, "--rehearsal", rehearsal]
    told = CliRunner().invoke(app, ["uptrain", *arguments, "--out", str(tmp_path / "out")])
    assert "PERSON is probably meant" in str(told.exception)
    assert not (tmp_path / "out").exists()


def test_files_are_read_under_todays_names(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHNER_QUALITY__LABELS", ",".join((*TECH_LABELS, "WIRE_PROTOCOL")))
    monkeypatch.setenv("TECHNER_SCHEME", '{"renamed": {"PROTOCOL": "WIRE_PROTOCOL"}}')
    labels = new_labels(load_pipeline(uptrained(base_model, tmp_path)))
    assert "WIRE_PROTOCOL" in labels
    assert "PROTOCOL" not in labels
