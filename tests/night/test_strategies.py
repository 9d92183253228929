"""A night of another strategy than the last one."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.run_documents import Candidate
from techner.core.verdict import Outcome
from techner.night.judge import judge
from techner.registry import Registry
from techner.runs.run import Run
from techner.store import FolderStore
from techner.uptraining.pipeline import NEW_NER, load_pipeline
from tests.moves import publish
from tests.nights import second_night
from tests.world import WORD, World, quick, tech_batch

BLEND = replace(quick(), training=replace(quick().training, strategy="blend"))


def pipes_of(run: Run) -> list[str]:
    with run.workspace.model(run.read(Candidate).files) as folder:
        return load_pipeline(folder).pipe_names


@pytest.fixture
def blended(promoted_store: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> World:
    """Return a world whose second night, the first of blend, is judged and not published yet."""
    store = second_night(promoted_store, tmp_path_factory, "second-blend", BLEND)
    shutil.copytree(store, tmp_path / "blended")
    return World(FolderStore(tmp_path / "blended"), tmp_path / "cache")


def test_another_strategy_starts_over_from_the_origin_with_the_memory(blended: World) -> None:
    run = blended.run("run-2")
    assert pipes_of(run) == ["ner"]
    before = set(Registry(blended.store).production()[1].new_labels)
    assert before
    assert set(run.read(Candidate).new_labels) >= before


def test_a_night_goes_back_from_one_ner_to_two(blended: World) -> None:
    run = blended.run("run-2")
    assert judge(run).verdict.outcome is Outcome.PROMOTE, judge(run).verdict.reason
    publish(run, WORD)
    blended.deliver("third.jsonl", tech_batch(230, 260))
    assert pipes_of(blended.until("uptrain", "extended", quick())) == [NEW_NER, "ner"]
