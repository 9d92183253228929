"""Turns: a lock that is held for ever, that moves on, or that cannot be had, holds no one up for long."""

import logging
import threading
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from techner.registry.locks import turn


def test_a_lock_held_for_ever_is_waited_for_as_long_as_patience_lasts_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lock = tmp_path / "x.lock"
    with FileLock(lock), caplog.at_level(logging.WARNING), turn(lock, patience_s=0.05):
        pass
    assert "x.lock is locked, and nothing has moved" in caplog.text


def test_a_holder_that_makes_progress_is_waited_for(tmp_path: Path) -> None:
    lock, done, steps = FileLock(tmp_path / "x.lock", thread_local=False), threading.Event(), count()
    lock.acquire()

    def progress() -> int:
        step = next(steps)
        if step == 3:
            done.set()
            lock.release()
        return step

    with turn(tmp_path / "x.lock", progress=progress, patience_s=0.05):
        assert done.is_set()


def test_nothing_is_waited_for_once_the_work_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FileLock(tmp_path / "x.lock"), turn(tmp_path / "x.lock", is_done=lambda: True, patience_s=0.05):
        assert caplog.text == ""


def test_a_folder_without_locks_is_said_and_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "x.lock").mkdir()
    with caplog.at_level(logging.WARNING), turn(tmp_path / "x.lock", patience_s=0.05):
        pass
    assert "x.lock cannot be locked" in caplog.text


def test_the_lock_is_held_in_the_block_and_free_again_after_it(tmp_path: Path) -> None:
    with turn(tmp_path / "x.lock"), pytest.raises(Timeout):
        FileLock(tmp_path / "x.lock", timeout=0).acquire()
    FileLock(tmp_path / "x.lock", timeout=0).acquire()
