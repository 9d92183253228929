"""How far a training is, as pages learn it: told after each epoch, and never at the training's cost."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from techner.core.errors import StoreError
from techner.core.run_documents import Candidate, Progress
from techner.documents import parse
from techner.night.progress import ToldProgress
from techner.night.uptrain import uptrain
from techner.store import FolderStore
from techner.uptraining import Step
from techner.uptraining.task import Uptrained
from tests.waiting import until
from tests.world import WHEN, World

KEY = "runs/run-1/progress"
NOTHING = Progress(epoch=0, epochs=0, minutes_left=None, when=WHEN)


def step(epoch: int, *, done: int, ends: bool = True) -> Step:
    return Step(epoch=epoch, epochs=4, done=done, total=100, loss=0.1, ends_epoch=ends)


@pytest.fixture
def world(undisturbed: dict[str, Path], tmp_path: Path) -> World:
    """Return a world before `uptrain`."""
    shutil.copytree(undisturbed["uptrain"], tmp_path / "store")
    return World(FolderStore(tmp_path / "store"), tmp_path / "cache")


def test_each_epoch_is_told_with_the_minutes_that_are_left(world: World) -> None:
    run = world.run()

    def told(one: Step, at_s: float) -> Progress:
        progress.after(one, clock=lambda: at_s, now=WHEN)
        return parse(Progress, run.store.get(KEY), where=KEY) if any(run.store.list(KEY)) else NOTHING

    with ToldProgress(run) as progress:
        first = step(1, done=5, ends=False)
        until(lambda: told(first, 0) == replace(NOTHING, epochs=4), "the first word")
        # The end of an epoch is told as soon as that word has arrived.
        until(lambda: told(step(1, done=25), 60).epoch == 1, "the second one")
        assert told(step(1, done=25), 60).minutes_left == pytest.approx(3.75)


class Trainer:
    """Makes a candidate in two steps."""

    def __call__(self, folder: Path, corpus: Any, policy: Any, out: Path, **how: Any) -> Uptrained:
        del folder, corpus, policy
        how["on_step"](step(1, done=5, ends=False))
        how["on_step"](step(1, done=25))
        out.mkdir()
        (out / "weights").write_bytes(b"1")
        return Uptrained(new_labels=(), losses=(), dev_f1=())


def test_uptrain_tells_its_progress_and_leaves_nothing_of_it(world: World) -> None:
    seen: list[Step] = []

    def on_step(one: Step) -> None:
        seen.append(one)
        until(lambda: any(world.store.list(KEY)), "the progress")

    uptrain(world.run(), train=Trainer(), on_step=on_step)
    assert [one.done for one in seen] == [5, 25]
    assert not any(world.store.list(KEY))


class Unwilling(FolderStore):
    """Takes no progress, or none until it is let."""

    def __init__(self, root: Path, *, let: threading.Event | None = None) -> None:
        super().__init__(root)
        self.let, self.asked = let, 0

    def put(self, key: str, data: bytes) -> None:
        if key == KEY:
            self.asked += 1
            if self.let is None:
                raise StoreError("no answer")
            self.let.wait()
        super().put(key, data)

    def delete(self, key: str) -> None:
        if key == KEY:
            raise StoreError("no answer")
        super().delete(key)


def test_a_progress_that_cannot_be_told_or_removed_fails_no_training(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    uptrain(World(Unwilling(tmp_path / "store"), world.cache).run(), train=Trainer())
    assert world.run().find(Candidate)
    assert "pages do not see how far the training is: no answer" in caplog.text
    assert f"{KEY} was not removed; a collection will: no answer" in caplog.text


def test_training_does_not_wait_for_a_store_that_hangs(world: World, tmp_path: Path) -> None:
    let = threading.Event()
    store = Unwilling(tmp_path / "store", let=let)
    with ToldProgress(World(store, world.cache).run()) as progress:
        for epoch in (1, 2, 3):
            progress.after(step(epoch, done=25 * epoch))
        let.set()
    assert store.asked == 1
