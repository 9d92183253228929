"""What was trained outlives a store that is down: in the task for ten minutes, then in the cache."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from techner.core.errors import StoreError, StoreRefused
from techner.core.run_documents import Candidate, Corpus, Plan
from techner.night import persist
from techner.night.persist import until_stored
from techner.night.uptrain import uptrain
from techner.store import FolderStore
from techner.uptraining.task import Uptrained
from tests.world import World

Train = Callable[..., Uptrained]


class Down(FolderStore):
    """Takes no file, and says that trying again does not help: the task must not wait for it."""

    def upload(self, key: str, path: Path) -> None:
        del key, path
        raise StoreRefused("the rights were taken away")


class Trainer:
    """Makes a candidate of one file, and counts how often."""

    times = 0

    def __call__(self, folder: Path, corpus: Any, policy: Any, out: Path, **how: Any) -> Uptrained:
        del folder, corpus, policy, how
        self.times += 1
        out.mkdir()
        (out / "weights").write_bytes(b"%d" % self.times)
        return Uptrained(new_labels=("PROTOCOL",), losses=(0.5,), dev_f1=(0.25,))


@pytest.fixture
def trainer() -> Trainer:
    return Trainer()


@pytest.fixture
def night(undisturbed: dict[str, Path], tmp_path: Path) -> World:
    """Return a world before `uptrain`."""
    shutil.copytree(undisturbed["uptrain"], tmp_path / "store")
    return World(FolderStore(tmp_path / "store"), tmp_path / "cache")


@pytest.fixture
def failed(night: World, trainer: Trainer) -> World:
    """Return a world whose first try trained and could not upload."""
    with pytest.raises(StoreRefused):
        uptrain(World(Down(night.store.root), night.cache).run(), train=trainer)  # type: ignore[attr-defined]
    return night


def stored(world: World, candidate: Candidate) -> bytes:
    return world.store.get(f"blobs/sha256/{candidate.files[0].sha256}")


def kept(world: World) -> list[Path]:
    return list((world.cache / "candidates").iterdir())


def test_the_next_try_only_uploads_what_was_trained(failed: World, trainer: Trainer) -> None:
    candidate = uptrain(failed.run(), train=trainer)
    assert (trainer.times, stored(failed, candidate)) == (1, b"1")
    assert (candidate.new_labels, candidate.losses, candidate.dev_f1) == (("PROTOCOL",), (0.5,), (0.25,))


def test_nothing_stays_in_the_cache_once_the_store_has_it(failed: World, trainer: Trainer) -> None:
    assert kept(failed)
    uptrain(failed.run(), train=trainer)
    assert not kept(failed)


def test_another_run_trains_its_own(failed: World, trainer: Trainer, tmp_path: Path) -> None:
    runs = tmp_path / "store" / "runs"
    mine = next(runs.iterdir())
    shutil.copytree(mine, runs / "another")
    uptrain(failed.run("another"), train=trainer)
    assert trainer.times == 2


def test_what_was_made_of_another_corpus_is_trained_again(failed: World, trainer: Trainer) -> None:
    run = failed.run()
    run.read(Plan)
    corpus = run.read(Corpus)
    run.write(replace(corpus, counts=corpus.counts | {"new": 1}))
    uptrain(failed.run(), train=trainer)
    assert trainer.times == 2


def altered(folder: Path) -> None:
    (folder / "model" / "weights").write_bytes(b"7")


def added(folder: Path) -> None:
    (folder / "model" / "more").write_bytes(b"")


def cut(folder: Path) -> None:
    (folder / "made.json").write_bytes(b"{")


def opened(folder: Path) -> None:
    folder.chmod(0o777)


@pytest.mark.parametrize("damage", [altered, added, cut, opened])
def test_what_is_damaged_or_may_be_written_by_others_is_trained_again(
    failed: World, trainer: Trainer, damage: Callable[[Path], None]
) -> None:
    damage(kept(failed)[0])
    candidate = uptrain(failed.run(), train=trainer)
    assert (trainer.times, stored(failed, candidate)) == (2, b"2")


class Outage:
    """A store that is down until `back_at`, on a clock that only sleeping moves."""

    def __init__(self, back_at: float, error: StoreError) -> None:
        self.now, self.back_at, self.error = 0.0, back_at, error

    def write(self) -> str:
        if self.now < self.back_at:
            raise self.error
        return "written"

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> str:
        return until_stored(self.write, clock=lambda: self.now, sleep=self.sleep)


def test_a_store_that_comes_back_within_ten_minutes_gets_the_write() -> None:
    outage = Outage(570, StoreError("no answer"))
    assert outage.run() == "written"
    assert outage.now < 600


def test_a_store_that_stays_away_ends_the_waiting_after_ten_minutes() -> None:
    outage = Outage(9999, StoreError("no answer"))
    with pytest.raises(StoreError, match="no answer"):
        outage.run()
    assert 570 <= outage.now <= persist.FOR_S


def test_what_no_retry_can_help_is_not_repeated() -> None:
    outage = Outage(9999, StoreRefused("no right"))
    with pytest.raises(StoreRefused):
        outage.run()
    assert outage.now == 0
