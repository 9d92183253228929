"""What is published was fetched again, loaded and queried first."""

from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import IntegrityError
from techner.core.run_documents import Candidate, Corpus, Evaluation, Report
from techner.night.publish import publish
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.clean_process import query_apart
from tests.moves import ask
from tests.nights import rewrite
from tests.world import WORD, World


def test_the_process_that_proves_a_model_has_no_techner() -> None:
    # spaCy imports a package that has this name; services would not find it either.
    with pytest.raises(IntegrityError, match="import of techner halted"):
        query_apart(Path("techner"), ["text"])


def test_a_damaged_blob_keeps_production_where_it_is(judged: World) -> None:
    before, _ = Registry(judged.store).production()
    candidate = judged.run("run-2").read(Candidate)
    entry = next(entry for entry in candidate.files if entry.path.endswith("ner_techner/model"))
    with judged.run("run-2").workspace.model(candidate.files):
        pass  # the local cache has a whole copy of every file now
    judged.store.put(blob_key(entry.sha256), b"damaged")
    with pytest.raises(IntegrityError, match="altered"):
        publish(judged.run("run-2"), WORD)
    assert Registry(judged.store).production()[0] == before


@pytest.mark.parametrize("name", ["memory", "holdout", "report"])
def test_a_damaged_record_keeps_production_where_it_is(judged: World, name: str) -> None:
    before, _ = Registry(judged.store).production()
    run = judged.run("run-2")
    entry = run.read(Report) if name == "report" else getattr(run.read(Corpus), name)
    judged.store.put(blob_key(entry.sha256), b"damaged")
    with pytest.raises(IntegrityError, match="altered"):
        publish(judged.run("run-2"), WORD, query=ask)
    assert Registry(judged.store).production()[0] == before


def test_a_model_that_answers_otherwise_than_judged_is_not_published(judged: World) -> None:
    before, _ = Registry(judged.store).production()
    run = judged.run("run-2")
    evaluation = run.read(Evaluation)
    rows = evaluation.holdout.systems["candidate"]
    evaluation.holdout.systems["candidate"] = ({"PROTOCOL": (9, 0, 0)}, *rows[1:])
    rewrite(run, evaluation)
    with pytest.raises(IntegrityError, match="does not answer as it was judged"):
        publish(run, WORD)
    assert Registry(judged.store).production()[0] == before


def test_a_model_that_does_not_load_is_not_published(judged: World) -> None:
    before, _ = Registry(judged.store).production()
    run = judged.run("run-2")
    candidate = run.read(Candidate)
    whole = tuple(entry for entry in candidate.files if entry.path != "config.cfg")
    rewrite(run, replace(candidate, files=whole))
    with pytest.raises(IntegrityError, match="does not load"):
        publish(run, WORD)
    assert Registry(judged.store).production()[0] == before
