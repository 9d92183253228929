"""Child processes that can be stopped for good: each leads a session, of which nothing outlives the stop."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]  # Airflow brings it

_POLL_S = 0.1
TAIL_LINES = 20


class Child:
    """A running program that leads its own session; its output goes to `log`, or to our own output.

    A session rather than a process group: Airflow gives each task its own group.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, environment: dict[str, str], log: Path | None = None
    ) -> None:
        self.name, self.log = name, log
        out: IO[bytes] | None = log.open("wb") if log else None
        try:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT if out else None,
                start_new_session=True,
            )
        finally:
            if out:
                out.close()

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def terminate(self) -> None:
        """Ask the program itself to end: it knows in which order to end its children."""
        if self.exit_code is None:
            self._process.terminate()

    def members(self) -> list[int]:
        """Return the ids of all live processes of the session, even after the program itself has ended."""
        return [pid for pid in psutil.pids() if _session(pid) == self._process.pid and not _is_dead(pid)]

    def tail(self) -> str:
        """Return the last lines of the log."""
        if self.log is None:
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:])


def stop(children: Iterable[Child], *, grace_s: float) -> None:
    """End all children and all they started: SIGTERM to the children, after `grace_s` SIGKILL to all."""
    children = list(children)
    for child in children:
        child.terminate()
    deadline = time.monotonic() + grace_s
    while any(child.exit_code is None for child in children) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for child in children:
        while members := child.members():  # a member may fork meanwhile: repeat until none is left
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            child.exit_code  # noqa: B018 - reaps the leader
            time.sleep(_POLL_S)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _is_dead(pid: int) -> bool:
    """Say whether the process has ended, though its parent may not have collected it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
