"""A whole night on a tiny BERT."""

from dataclasses import replace
from pathlib import Path

import pytest

from techner.client import ModelStore
from techner.store import FolderStore
from techner.uptraining.pipeline import NEW_NER
from tests.world import POLICIES, World, make_origin, tech_batch

pytestmark = pytest.mark.transformers


def test_a_night_on_a_transformer_is_promoted(bert_base: Path, tmp_path: Path) -> None:
    world = World(FolderStore(tmp_path / "store"), tmp_path / "cache")
    make_origin(world.store, bert_base)
    world.deliver("first.jsonl", tech_batch(0, 200))
    # Against a BERT of half a megabyte, every second `ner` is large.
    policies = replace(POLICIES, gate=replace(POLICIES.gate, size_cap=100.0))
    version = world.night("night-1", policies)
    assert version
    models = ModelStore(world.store.url, cache=tmp_path / "client")
    assert models.resolve() == version
    assert models.load().pipe_names == ["transformer", NEW_NER, "ner"]
