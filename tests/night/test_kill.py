"""A process killed in the middle of any task changes nothing that the next try does not put right."""

import json
import multiprocessing
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.store import FolderStore, Store
from tests.nights import NIGHT, do
from tests.world import World


class Killer(FolderStore):
    """Kills its own process, without warning, around the n-th write."""

    def __init__(self, root: Path, *, before: int | None = None, after: int | None = None) -> None:
        super().__init__(root)
        self.writes, self.before, self.after = 0, before, after
        self.counting = threading.Lock()

    def _write(self, *args: object, **kwargs: object) -> None:
        with self.counting:  # the probe writes from several threads
            self.writes += 1
            write = self.writes
        if write == self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            super()._write(*args, **kwargs)  # type: ignore[arg-type]
        finally:
            if write == self.after:
                os.kill(os.getpid(), signal.SIGKILL)


def die(root: Path, cache: Path, task: str, before: int | None, after: int | None) -> None:
    do(task, World(Killer(root, before=before, after=after), cache))


KILLS = [
    ("plan", "before", 1), ("plan", "after", 1),
    ("admit", "before", 1), ("admit", "after", 1), ("admit", "after", 2), ("admit", "after", 3),
    ("assemble", "before", 1), ("assemble", "after", 3), ("assemble", "after", 5),
    ("uptrain", "before", 1), ("uptrain", "after", 4),
    ("evaluate", "before", 1), *(("evaluate", "after", write) for write in (1, 2, 3)),
    ("judge", "before", 1), *(("judge", "after", write) for write in (1, 2, 3)),
    # the word, both cards, reservation, manifest, the probe (5 writes), the alias, the judgement
    *(("publish", "after", write) for write in (1, 2, 3, 4, 5, 6, 10, 11, 12)),
]  # fmt: skip


@pytest.mark.parametrize(("task", "moment", "write"), KILLS)
def test_a_killed_task_run_again_leaves_what_an_undisturbed_one_leaves(
    task: str, moment: str, write: int, undisturbed: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(undisturbed[task], tmp_path / "store")
    world = World(FolderStore(tmp_path / "store"), tmp_path / "cache")
    origin, _ = Registry(world.store).production()
    before, after = (write, None) if moment == "before" else (None, write)
    # A fork: the child shares what is imported, and dies alone.
    child = multiprocessing.get_context("fork").Process(
        target=die, args=(tmp_path / "store", tmp_path / "cache", task, before, after)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    version, manifest = Registry(world.store).production()
    assert version == origin or task == "publish"
    for entry in manifest.files:  # whole at every instant
        load_bytes(world.store, entry)
    do(task, world)
    following = (*NIGHT, "end")[NIGHT.index(task) + 1]
    assert contents(world.store) == contents(FolderStore(undisturbed[following]))


def contents(store: Store) -> dict[str, bytes | str]:
    """Return every object; but of the logs, whose records hold random ids, only what they say.

    And of the speed, measured anew where the kill came first, only what was measured.
    """
    found: dict[str, bytes | str] = {}
    for entry in store.list():
        data = store.get(entry.key)
        if entry.key.startswith(("aliases/", "decisions/", "judgements/")):
            found[entry.key] = str(json.loads(data).get("version"))
        elif entry.key.endswith("/speed.json"):
            found[entry.key] = f"{json.loads(data)['words']} words"
        elif not entry.key.startswith("probe/"):  # a killed probe leaves its scratch key
            found[entry.key] = data
    return found
