"""`techner init` on files that people really have (`../shared/bugs`)."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from techner.cli.app import app
from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.formats import write_examples
from techner.starter import slot_examples
from techner.store import FolderStore

BUGS = Path(__file__).parents[3] / "shared" / "bugs"
needs_bugs = pytest.mark.skipif(not BUGS.is_dir(), reason="needs ../shared/bugs")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    return FolderStore(tmp_path / "store")


def init(base: Path, **files: Path) -> Result:
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    return CliRunner().invoke(app, ["init", "--base", str(base), *options])


def refused(told: Result, store: FolderStore) -> str:
    assert isinstance(told.exception, BatchError), told.output
    assert not list(store.list("versions/"))
    return str(told.exception)


@needs_bugs
def test_a_reference_of_conlls_names_is_refused_with_the_ones_meant(
    base_model: Path, tmp_path: Path, store: FolderStore
) -> None:
    subprocess.run(
        [sys.executable, BUGS / "44-reference-conll2003-labels" / "make.py"], cwd=tmp_path, check=True
    )
    said = refused(init(base_model, reference=tmp_path / "large.jsonl"), store)
    assert "'PER' (1500 spans, PERSON is probably meant)" in said
    assert "'LOC' (1500 spans, GPE is probably meant)" in said


@needs_bugs
def test_gold_of_doc_to_json_is_never_taken_for_text(base_model: Path, store: FolderStore) -> None:
    told = init(base_model, reference=BUGS / "41-reference-to-json" / "old_domain.json")
    if told.exception:
        assert "ents" in refused(told, store)
    else:
        assert "240 gold rows (GPE 240, PERSON 240), 0 rows" in " ".join(told.stderr.split())


@needs_bugs
def test_a_holdout_of_labels_that_nobody_has_is_refused_with_the_ones_meant(
    base_model: Path, store: FolderStore
) -> None:
    said = refused(init(base_model, holdout=BUGS / "47-holdout-other-labels" / "holdout.jsonl"), store)
    assert "'Protocol' (" in said
    assert "PROTOCOL is probably meant" in said
    assert "PROGRAMMING_LANGUAGE is probably meant" in said


@pytest.mark.usefixtures("store")
def test_init_says_who_labelled_what_and_which_labels_the_gold_leaves_out(
    base_model: Path, tmp_path: Path
) -> None:
    examples = slot_examples("general", 120, seed=2)
    some = [frozenset({"GPE", "ORG", "PERSON"}) if n < 12 else frozenset({"GPE", "ORG"}) for n in range(120)]
    gold = [example.only(labels) for example, labels in zip(examples, some, strict=True)]
    (tmp_path / "holdout.jsonl").write_bytes(write_examples(slot_examples("tech", 3, seed=2)))
    text = Example("Somebody met somebody else in Lyon.")
    (tmp_path / "reference.jsonl").write_bytes(
        write_examples(gold) + b'{"text": "%s"}\n' % text.text.encode()
    )
    files = {name: tmp_path / f"{name}.jsonl" for name in ("reference", "holdout")}
    said = " ".join(init(base_model, **files).stderr.split())
    assert "reference set: 120 gold rows (GPE " in said
    assert "1 rows labelled by the base model" in said
    assert "no gold row is annotated for DATE " in said
    assert "only some gold rows are annotated for PERSON " in said
    assert "holdout: 3 rows (" in said
    assert "too few spans of new labels in the holdout (fewer than 20)" in said
