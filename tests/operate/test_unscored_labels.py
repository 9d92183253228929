"""A reference set that cannot show the loss of a pretrained label: at init, at night, and to the doctor."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.core.manifest import Lineage, Manifest
from techner.core.verdict import CheckState, Outcome
from techner.corpus.reference import load_reference, save_reference, split_reference
from techner.night.judge import judge
from techner.operate.doctor import diagnose
from techner.operate.initialise import initialise
from techner.registry import Registry
from techner.registry.blobs import save_folder
from techner.starter import slot_examples
from techner.store import FolderStore, MemoryStore, Store
from techner.uptraining.pipeline import load_pipeline, pretrained_labels
from tests.world import WHEN, World, once, quick, tech_batch

GENERAL = slot_examples("general", 400, seed=2)
NO_DATES = [example.only(frozenset({"GPE", "MONEY", "ORG", "PERCENT", "PERSON"})) for example in GENERAL]
BLEND = replace(quick(), training=replace(quick().training, strategy="blend"))


def begun(store: Store, base: Path, gold: Sequence[Example], **more: object) -> str:
    arguments = {"silver_texts": (), "holdout": (), "who": "test", "when": WHEN} | more
    return initialise(store, base, base="small", gold=gold, **arguments)  # type: ignore[arg-type]


def made_before(store: Store, base: Path, gold: Sequence[Example]) -> None:
    """Make an origin as it was made before gold was looked at: rows claim to be annotated for everything."""
    manifest = Manifest(
        number=0,
        parent=None,
        origin=None,
        base="small",
        pretrained_labels=pretrained_labels(load_pipeline(base)),
        new_labels=(),
        files=save_folder(store, base),
        lineage=Lineage(reference=save_reference(store, split_reference(gold)), code="old", libraries={}),
    )
    version = Registry(store).create(manifest)
    Registry(store).move(version, expected=None, who="test", why="origin", when=WHEN)


@pytest.fixture(scope="session")
def blended(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return stores whose gold has no DATE, made now and before, after the verdict on a night of blend."""

    def make(root: Path) -> None:
        for name, begin in (("now", begun), ("before", made_before)):
            world = World(FolderStore(root / name), tmp_path_factory.mktemp("cache"))
            begin(world.store, base_model, NO_DATES)
            world.deliver("first.jsonl", tech_batch(0, 60))
            world.until("judge", "run-1", BLEND)

    root = once(tmp_path_factory, "blended-without-dates", make)
    return {name: root / name for name in ("now", "before")}


@pytest.fixture(params=["now", "before"])
def dateless(request: pytest.FixtureRequest, blended: dict[str, Path], tmp_path: Path) -> World:
    shutil.copytree(blended[request.param], tmp_path / "store")
    return World(FolderStore(tmp_path / "store"), tmp_path / "cache")


def test_the_gate_asks_about_a_label_that_nobody_annotated(dateless: World) -> None:
    verdict = judge(dateless.run("run-1")).verdict
    assert verdict.outcome is Outcome.ASK
    asked = {
        check.name for check in verdict.checks if check.decisive and check.state is CheckState.INSUFFICIENT
    }
    assert asked == {"DATE, too little gold"}


def test_the_doctor_names_a_label_that_nobody_annotated_and_what_helps(dateless: World) -> None:
    finding = next(
        one for one in diagnose(dateless.workspace, BLEND, now=WHEN).aspects if one.what == "reference set"
    )
    assert not finding.is_well
    assert "DATE (0 gold, " in finding.detail
    assert "techner init" in finding.detail


def test_the_doctor_is_content_with_gold_of_every_label(world: World) -> None:
    finding = next(
        one for one in diagnose(world.workspace, BLEND, now=WHEN).aspects if one.what == "reference set"
    )
    assert finding.is_well


def test_gold_rows_say_nothing_of_a_label_that_only_the_base_model_finds(base_model: Path) -> None:
    store = MemoryStore()
    begun(store, base_model, NO_DATES)
    reference = load_reference(store, Registry(store).production()[1].lineage.reference)
    assert set(reference.evidence.not_annotated) == {"DATE"}
    assert not any(example.looked_for("DATE") for example in (*reference.rehearsal, *reference.regression))


def test_gold_of_labels_that_the_base_model_has_not_makes_no_store(base_model: Path) -> None:
    store = MemoryStore()
    foreign = [Example(e.text, tuple(replace(s, label="PER") for s in e.spans)) for e in GENERAL[:50]]
    with pytest.raises(BatchError, match=r"'PER' \(\d+ spans, PERSON is probably meant\)"):
        begun(store, base_model, foreign)
    assert not list(store.list("versions/"))


def test_a_holdout_of_labels_that_nobody_has_makes_no_store(base_model: Path) -> None:
    store = MemoryStore()
    foreign = [Example(e.text, tuple(replace(s, label="LANG") for s in e.spans)) for e in tech_batch(0, 9)]
    with pytest.raises(BatchError, match=r"'LANG'.*PROGRAMMING_LANGUAGE is probably meant"):
        begun(store, base_model, GENERAL, holdout=foreign)
    assert not list(store.list("versions/"))


def test_rows_of_a_holdout_were_read_for_the_labels_that_occur_in_it(base_model: Path) -> None:
    store = MemoryStore()
    holdout = [example.only(frozenset({"PROTOCOL"})) for example in tech_batch(0, 60)]
    begun(store, base_model, GENERAL, holdout=holdout)
    reference = load_reference(store, Registry(store).production()[1].lineage.reference)
    assert {example.scope for example in reference.holdout} == {("PROTOCOL",)}
