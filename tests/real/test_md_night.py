"""A night on the real en_core_web_md, through Airflow: `make test-real` runs it, `make test` does not."""

from pathlib import Path

import pytest

from techner.client import ModelStore
from techner.core.records import RunOutcome
from techner.formats import read_examples, write_examples
from techner.inbox.submit import submit
from techner.operate.initialise import initialise
from techner.runs.judgements import judgements
from techner.store import FolderStore
from tests.world import WHEN
from tools.local.environment import ROOT, airflow_environment, migrate
from tools.local.night import run_night

BENCH = ROOT.parent / "shared" / "bench"
BASE = BENCH / "en_core_web_md"
OLD_PIPES = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer"]
TEXT = "David often uses Java and Python at Microsoft in London."
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not BASE.is_dir(), reason="needs ../shared/bench"),
]


def test_a_night_on_a_real_pipeline_is_promoted_at_default_margins(tmp_path: Path) -> None:
    old, new = (
        read_examples((BENCH / f"{name}.jsonl").read_bytes(), where=name)
        for name in ("conll2003/train", "stackoverflow/train")
    )
    store = FolderStore(tmp_path / "store")
    texts = [example.text for example in old[:5000]]
    initialise(store, BASE, base=BASE.name, gold=(), silver_texts=texts, holdout=(), who="me", when=WHEN)
    (tmp_path / "monday.jsonl").write_bytes(write_examples(new[:1000]))
    submit(store, tmp_path / "monday.jsonl")
    environment = airflow_environment(tmp_path / "airflow", store=store.url, cache=tmp_path / "cache")
    migrate(environment)
    run_night(environment, {"epochs": 6}, log=tmp_path / "night.log")
    judged = judgements(store).newest()
    assert judged
    assert (judged.record.outcome, judged.record.reason[:3]) == (RunOutcome.PROMOTED, "all")
    nlp = ModelStore(store.url, cache=tmp_path / "cache").load()
    assert [name for name in nlp.pipe_names if name in OLD_PIPES] == OLD_PIPES
    found = {ent.text: ent.label_ for ent in nlp(TEXT).ents}
    assert (found["David"], found["London"]) == ("PERSON", "GPE")
    assert "PROGRAMMING_LANGUAGE" in (found.get("Java"), found.get("Python"))
