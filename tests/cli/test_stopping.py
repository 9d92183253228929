"""Signals that ask a command to end: a sentence, an exit code, and nothing that is left half-done."""

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from techner.cli.night import tell_night
from techner.formats import write_examples
from techner.night.whole import Wanted
from techner.registry import Registry
from techner.store import FolderStore
from tests.world import World, quick, tech_batch

PROGRAM = "from techner.cli import main; main()"
# A shell's background job, and what it starts, ignores SIGINT; what `nohup` starts ignores SIGHUP.
FOREGROUND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
)


@contextmanager
def reading(
    fifo: Path, *line: str, started_by: str = FOREGROUND
) -> Iterator[tuple[subprocess.Popen[str], BinaryIO]]:
    """Start a command that reads `fifo`; enter the block, with its other end, when it does."""
    os.mkfifo(fifo)
    (fifo.parent / "temporary").mkdir()
    places = {"TMPDIR": "temporary", "TECHNER_CACHE": "cache", "TECHNER_STORE": "store"}
    command = subprocess.Popen(
        [sys.executable, "-c", f"{started_by}\n{PROGRAM}", *line, str(fifo)],
        env=os.environ | {name: str(fifo.parent / folder) for name, folder in places.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with command, fifo.open("wb", buffering=0) as file:  # opened when the command opens it
        yield command, file


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_a_command_with_a_sentence_and_its_code(number: str, code: int, tmp_path: Path) -> None:
    with reading(tmp_path / "fifo", "batch", "check", "--json") as (command, _):
        command.send_signal(signal.Signals[number])
        said, talk = command.communicate()
    assert (command.returncode, said) == (code, "")
    assert f"stopped by {number}; nothing is half-written" in talk
    assert "Traceback" not in talk


def test_ctrl_c_is_understood_while_the_commands_are_imported() -> None:
    program = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, *rest):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{PROGRAM}", "model", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "stopped by SIGINT; nothing is half-written\n")


def test_a_signal_that_was_ignored_stays_so(tmp_path: Path) -> None:
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with reading(tmp_path / "fifo", "batch", "check", started_by=nohup) as (command, file):
        command.send_signal(signal.SIGHUP)
        file.write(write_examples(tech_batch(0, 2)))
        file.close()
        _, talk = command.communicate()
    assert command.returncode == 0, talk


def test_a_command_that_is_told_to_end_leaves_neither_a_temporary_file_nor_half_a_store(
    base_model: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base.tar.gz"
    with tarfile.open(base, "w:gz") as archive:
        archive.add(base_model, arcname="base")
    with reading(tmp_path / "fifo", "init", "--base", str(base), "--reference") as (command, _):
        command.terminate()
        command.communicate()
    assert command.returncode == 143
    assert [*(tmp_path / "temporary").iterdir()] == []
    assert not (tmp_path / "store").exists()


class Interrupted(FolderStore):
    """Stands for Ctrl-C at a write: what a signal's handler raises."""

    at = "runs/run-2/corpus.json"

    def put(self, key: str, data: bytes) -> None:
        if key == self.at:
            raise KeyboardInterrupt
        super().put(key, data)


def test_a_night_that_is_interrupted_says_how_to_go_on(
    promoted: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(promoted.store, FolderStore)
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    live = Registry(promoted.store).production()
    stopped = World(Interrupted(promoted.store.root), promoted.cache)
    with pytest.raises(KeyboardInterrupt):
        tell_night(stopped.run("run-2"), quick(), Wanted())
    assert "techner run night --run-id run-2" in " ".join(capsys.readouterr().err.split())
    assert Registry(promoted.store).production() == live
    assert [*promoted.cache.glob("run-*")] == []
