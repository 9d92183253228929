"""A small but whole world: a base model, a reference set, deliveries, and a store that is initialised."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import spacy
from filelock import FileLock
from thinc.api import fix_random_seed

from techner.core.examples import Example
from techner.core.policy import TECH_LABELS, CorpusPolicy, GatePolicy, Policies, TrainingPolicy
from techner.core.run_documents import Speed
from techner.formats import write_examples
from techner.night.reject import reject
from techner.night.whole import Done, whole_night
from techner.operate.initialise import initialise
from techner.registry.workspace import Workspace
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.starter import slot_examples
from techner.store import FolderStore, Store
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train
from tests.moves import ask

TECH = frozenset(TECH_LABELS)
STORE = "world"
WHEN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WORD = Word(who="test", when=WHEN)
SPEED = Speed(words=1, candidate=1.0, origin=1.0)
# Loose margins: the small world's sets are too small for the default ones. What a gate does is tested apart.
POLICIES = Policies(
    corpus=CorpusPolicy(rehearsal_texts=120, memory_per_label=40, holdout_share=0.2),
    training=TrainingPolicy(epochs=4, batch_words=100, learning_rate=0.004),
    gate=GatePolicy(
        micro_margin=0.1,
        macro_margin=0.1,
        label_margin=0.1,
        new_margin=0.2,
        new_floor=0.01,
        label_drop=0.2,
        flip_cap=0.2,
        survival_floor=0.0,
        speed_floor=0.01,  # how fast a busy machine is must not decide a test
        resamples=200,
        min_support=1,
    ),
)
# What the pretrained labels may lose is left open, for runs in Airflow.
OPEN_GATE = {
    "TECHNER_GATE__MICRO_MARGIN": "1",
    "TECHNER_GATE__MACRO_MARGIN": "1",
    "TECHNER_GATE__LABEL_MARGIN": "1",
    "TECHNER_GATE__LABEL_DROP": "1",
    "TECHNER_GATE__FLIP_CAP": "1",
    "TECHNER_GATE__SURVIVAL_FLOOR": "0",
    "TECHNER_GATE__SPEED_FLOOR": "0",
}


@dataclass(frozen=True)
class World:
    """A store with an origin, and what is needed to run nights on it."""

    store: Store
    cache: Path

    def run(self, run_id: str = "run-1") -> Run:
        return Run(store=self.store, id=run_id, cache=self.cache)

    @property
    def workspace(self) -> Workspace:
        return Workspace(store=self.store, cache=self.cache)

    def deliver(self, name: str, examples: tuple[Example, ...]) -> None:
        self.store.create(f"inbox/{name}", write_examples(examples))

    def until(self, task: str, run_id: str = "run-1", policies: Policies = POLICIES) -> Run:
        """Run a night up to and with a task."""
        for done in self._night(run_id, policies):
            if done.task == task:
                return done.run
        raise AssertionError(f"the night ended before {task}")

    def night(self, run_id: str = "run-1", policies: Policies = POLICIES) -> str | None:
        """Run a whole night; returns the published version, None where it was rejected."""
        for done in self._night(run_id, policies):
            if done.task == "ask":
                reject(done.run, WORD)
            elif done.task == "publish":
                return str(done.made)
        return None

    def _night(self, run_id: str, policies: Policies) -> Iterator[Done]:
        for done in whole_night(self.run(run_id), policies, lambda: WORD, query=ask):
            if done.task == "uptrain":
                done.run.write(SPEED)  # measuring takes as long as a short training
            yield done


def tech_batch(start: int, stop: int) -> tuple[Example, ...]:
    """Return some slot-filled sentences, annotated for the tech labels: quickly learnt."""
    return _tech_examples()[start:stop]


@cache
def _tech_examples() -> tuple[Example, ...]:
    """Fill the slots once: it takes 0.12 s of CPU, and tests ask for a few of them many hundred times."""
    return tuple(example.only(TECH) for example in slot_examples("tech", 500, seed=1))


def strict(policies: Policies = POLICIES) -> Policies:
    """Return policies under which no candidate passes, and quickly."""
    return replace(quick(policies), gate=replace(policies.gate, new_floor=1.0))


def quick(policies: Policies = POLICIES) -> Policies:
    """Return policies that train next to nothing, and take what comes."""
    training = replace(policies.training, epochs=1, batch_words=500)
    gate = replace(
        policies.gate,
        micro_margin=1.0,
        macro_margin=1.0,
        label_margin=1.0,
        label_drop=1.0,
        flip_cap=1.0,
        new_floor=0.0,
        new_margin=1.0,
    )
    return replace(policies, training=training, gate=gate)


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a folder once a test run, whichever of the parallel workers comes first."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with FileLock(root / f"{name}.lock"):
        if not (root / name).exists():
            make(root / f"{name}-unfinished")
            (root / f"{name}-unfinished").rename(root / name)
    return root / name


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small pipeline with PERSON, ORG and the other general labels."""
    return once(tmp_path_factory, "base", train_base)


def train_base(folder: Path) -> None:
    # Not "en": its 1 300 exceptions would take an eighth of a run, loaded hundreds of times. Others test it.
    nlp = spacy.blank("xx")
    nlp.add_pipe("ner")
    examples = slot_examples("general", 250, seed=1)
    egs = gold(nlp, examples, frozenset(span.label for example in examples for span in example.spans))
    fix_random_seed(0)
    nlp.initialize(lambda: egs)
    policy = TrainingPolicy(epochs=4, batch_words=100, learning_rate=0.004, word_dropout=0.0)
    for _ in train(nlp, "ner", Material(new=egs), policy):
        pass
    nlp.to_disk(folder)


@pytest.fixture(scope="session")
def origin_store(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with an origin; tests work on copies of it."""
    return once(tmp_path_factory, "origin", lambda root: make_origin(FolderStore(root), base_model))


def make_origin(
    store: Store, base_model: Path, *, more: tuple[Example, ...] = (), holdout: tuple[Example, ...] = ()
) -> str:
    return initialise(
        store,
        base_model,
        base="small",
        gold=(*slot_examples("general", 400, seed=2), *more),
        silver_texts=(),
        holdout=holdout,
        who="test",
        when=WHEN,
    )


@pytest.fixture
def world(origin_store: Path, tmp_path: Path) -> World:
    """Return a fresh copy of the initialised store, in a folder."""
    return copy_of(origin_store, tmp_path)


@pytest.fixture(scope="session")
def promoted_store(origin_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store after one good night; tests work on copies of it."""

    def make(root: Path) -> None:
        world = copy_of(origin_store, root, cache=tmp_path_factory.mktemp("cache"))
        world.deliver("first.jsonl", tech_batch(0, 200))
        assert world.night("night-1")

    return once(tmp_path_factory, "promoted", make) / STORE


@pytest.fixture
def promoted(promoted_store: Path, tmp_path: Path) -> World:
    """Return a world after one promoted night."""
    return copy_of(promoted_store, tmp_path)


@pytest.fixture(scope="session")
def twice_store(promoted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store after two good nights; tests work on copies of it."""

    def make(root: Path) -> None:
        world = copy_of(promoted_store, root, cache=tmp_path_factory.mktemp("cache"))
        world.deliver("second.jsonl", tech_batch(210, 260))
        assert world.night("night-2", quick(POLICIES))

    return once(tmp_path_factory, "twice", make) / STORE


@pytest.fixture
def twice(twice_store: Path, tmp_path: Path) -> World:
    """Return a world after two promoted nights."""
    return copy_of(twice_store, tmp_path)


def copy_of(store: Path, folder: Path, *, cache: Path | None = None) -> World:
    """Return a world on a copy of a store in a folder, in `folder`."""
    shutil.copytree(store, folder / STORE)
    return World(FolderStore(folder / STORE), cache or folder / "cache")
