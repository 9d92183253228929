"""A training that was cut off goes on from its last epoch, and ends as if nothing had happened."""

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import techner.uptraining
from techner.core.errors import CacheError, StoreError, TechnerError
from techner.core.policy import Policies
from techner.core.run_documents import Candidate, Corpus, Plan
from techner.night.checkpoints import StoredCheckpoints
from techner.night.uptrain import uptrain
from techner.registry.trust import trusted
from techner.runs.run import Run
from techner.store import FolderStore
from techner.uptraining import Step
from techner.uptraining.checkpoint import code_digest
from techner.uptraining.task import Uptrained
from tests.waiting import until
from tests.world import POLICIES, World, once, tech_batch

KEY = "runs/run-1/checkpoint"


def long(strategy: str) -> Policies:
    """Return policies of three epochs, quickly passed."""
    training = replace(POLICIES.training, strategy=strategy, epochs=3)
    corpus = replace(POLICIES.corpus, memory_per_label=5, rehearsal_texts=20)
    return replace(POLICIES, training=training, corpus=corpus)


@pytest.fixture(params=["extend", "blend"])
def night(
    request: pytest.FixtureRequest, promoted_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the store of a second night before `uptrain`."""

    def make(root: Path) -> None:
        shutil.copytree(promoted_store, root)
        world = World(FolderStore(root), tmp_path_factory.mktemp("cache"))
        world.deliver("second.jsonl", tech_batch(200, 240))
        world.until("assemble", policies=long(request.param))

    return once(tmp_path_factory, f"assembled-{request.param}", make)


def world_in(folder: Path, night: Path) -> World:
    shutil.copytree(night, folder / "store")
    return World(FolderStore(folder / "store"), folder / "cache")


def die_in_epoch(number: int, world: World) -> None:
    """Uptrain, and be killed in the middle of this epoch, as soon as there is a checkpoint."""

    def on_step(step: Step) -> None:
        if step.epoch == number and not step.ends_epoch:
            until(lambda: any(world.store.list(KEY)), "a checkpoint")
            os.kill(os.getpid(), signal.SIGKILL)

    uptrain(world.run(), on_step=on_step)


def killed_in_epoch(number: int, world: World) -> None:
    # A fork: the child shares what is imported, and dies alone.
    child = multiprocessing.get_context("fork").Process(target=die_in_epoch, args=(number, world))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.long
def test_a_training_that_was_killed_ends_with_the_bytes_of_one_that_was_not(
    night: Path, tmp_path: Path
) -> None:
    undisturbed = uptrain(world_in(tmp_path / "undisturbed", night).run())
    killed = world_in(tmp_path / "killed", night)
    killed_in_epoch(2, killed)
    steps: list[Step] = []
    assert uptrain(killed.run(), on_step=steps.append) == undisturbed
    assert len(undisturbed.losses) == 3
    assert [step.ends_epoch for step in steps if step.epoch == 1] == [True]  # its end was only told again
    assert not any(killed.store.list(KEY))


class Killed(Exception):  # noqa: N818 - what happens to the double
    """The worker is lost."""


class Trainer:
    """Leaves a checkpoint and is lost; the next time it makes a candidate of what it goes on from."""

    def __init__(self) -> None:
        self.states: list[bytes | None] = []

    def __call__(self, folder: Path, corpus: Any, policy: Any, out: Path, **how: Any) -> Uptrained:
        del folder, corpus, policy
        self.states.append(how["checkpoints"].latest())
        how["checkpoints"].offer(lambda: b"the state")
        if len(self.states) == 1:
            raise Killed
        out.mkdir()
        (out / "weights").write_bytes(b"1")
        return Uptrained(new_labels=(), losses=(), dev_f1=())


@pytest.fixture
def trainer() -> Trainer:
    return Trainer()


@pytest.fixture
def world(undisturbed: dict[str, Path], tmp_path: Path) -> World:
    """Return a world before `uptrain`."""
    return world_in(tmp_path, undisturbed["uptrain"])


@pytest.fixture
def lost(world: World, trainer: Trainer) -> World:
    """Return a world whose first try left a checkpoint."""
    with pytest.raises(Killed):
        uptrain(world.run(), train=trainer)
    return world


def test_the_next_try_goes_on_with_another_cache_too(lost: World, trainer: Trainer, tmp_path: Path) -> None:
    uptrain(World(lost.store, tmp_path / "another").run(), train=trainer)
    assert trainer.states == [None, b"the state"]


def test_a_finished_candidate_leaves_no_checkpoint(lost: World, trainer: Trainer) -> None:
    assert any(lost.store.list(KEY))
    uptrain(lost.run(), train=trainer)
    assert not any(lost.store.list(KEY))


def of_another_corpus(world: World) -> Run:
    run = world.run()
    run.read(Plan)
    corpus = run.read(Corpus)
    run.write(replace(corpus, counts=corpus.counts | {"new": 1}))
    return run


def of_other_settings(world: World) -> Run:
    run = world.run()
    plan, corpus = run.read(Plan), run.read(Corpus)
    training = replace(plan.policies.training, seed=plan.policies.training.seed + 1)
    run.write(replace(plan, policies=replace(plan.policies, training=training)))
    run.write(corpus)
    return run


def of_another_device(world: World) -> Run:
    return replace(world.run(), gpu=0)


def altered(world: World) -> Run:
    world.store.put(KEY, world.store.get(KEY) + b"x")
    return world.run()


def cut(world: World) -> Run:
    world.store.put(KEY, world.store.get(KEY)[:40])
    return world.run()


@pytest.mark.parametrize("change", [of_another_corpus, of_other_settings, of_another_device, altered, cut])
def test_a_checkpoint_of_other_inputs_or_with_other_bytes_is_dropped_with_a_word(
    lost: World, trainer: Trainer, change: Callable[[World], Run], caplog: pytest.LogCaptureFixture
) -> None:
    uptrain(change(lost), train=trainer)
    assert trainer.states == [None, None]
    assert f"{KEY} is damaged, or of another plan, corpus or version of the code" in caplog.text


def test_a_checkpoint_of_other_code_is_not_used(world: World) -> None:
    run = world.run()
    run.read(Plan), run.read(Corpus)
    with StoredCheckpoints(run, code="old") as old:
        old.offer(lambda: b"the state")
    assert StoredCheckpoints(run, code="old").latest() == b"the state"
    assert StoredCheckpoints(run, code="new").latest() is None


def test_a_changed_file_is_other_code(tmp_path: Path) -> None:
    shutil.copytree(Path(techner.uptraining.__file__).parent, tmp_path / "code")
    assert code_digest(tmp_path / "code") == code_digest()
    (tmp_path / "code" / "loop.py").write_text("")
    assert code_digest(tmp_path / "code") != code_digest()


def test_a_checkpoint_that_nobody_signed_is_dropped_with_a_word(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    run = replace(world.run(), store=trusted(world.store, (), Ed25519PrivateKey.generate()))
    for kind in (Plan, Corpus):
        run.store.put(run.key(kind), world.store.get(run.key(kind)))
        run.read(kind)
    with StoredCheckpoints(run, code="") as signed:
        signed.offer(lambda: b"the state")
    assert StoredCheckpoints(run, code="").latest() == b"the state"
    world.store.put(KEY, world.store.get(KEY))
    world.store.delete(f"{KEY}.sig")
    assert StoredCheckpoints(run, code="").latest() is None
    assert f"{KEY} cannot be trusted" in caplog.text
    assert not any(world.store.list(KEY))


class Unwilling(FolderStore):
    """Takes no checkpoint, or none until it is let."""

    def __init__(
        self, root: Path, *, let: threading.Event | None = None, error: TechnerError | None = None
    ) -> None:
        super().__init__(root)
        self.let, self.asked, self.error = let, 0, error or StoreError("no answer")

    def put(self, key: str, data: bytes) -> None:
        if key == KEY:
            self.asked += 1
            if self.let is None:
                raise self.error
            self.let.wait()
        super().put(key, data)


@pytest.mark.parametrize("error", [StoreError("no answer"), CacheError("/cache", "no answer")])
def test_a_checkpoint_that_cannot_be_sent_costs_only_itself(
    world: World,
    trainer: Trainer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    error: TechnerError,
) -> None:
    trainer.states = [None]
    uptrain(World(Unwilling(tmp_path / "store", error=error), world.cache).run(), train=trainer)
    assert world.run().find(Candidate)
    assert f"no checkpoint of this epoch, and training goes on: {error}" in caplog.text


def test_training_does_not_wait_for_a_store_that_hangs(world: World, tmp_path: Path) -> None:
    let = threading.Event()
    store = Unwilling(tmp_path / "store", let=let)
    run = World(store, world.cache).run()
    run.read(Plan), run.read(Corpus)
    with StoredCheckpoints(run, code="") as checkpoints:
        checkpoints.offer(lambda: b"first")
        checkpoints.offer(lambda: b"second")
        let.set()
    assert (store.asked, StoredCheckpoints(run, code="").latest()) == (1, b"first")
