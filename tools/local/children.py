"""Child processes that can be stopped for good: each leads a session, and nothing of it outlives the stop."""

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
    """A running program at the head of a session of its own; its output goes to `log`, or where ours goes.

    A session and not only a process group: Airflow gives each task a group of its own.
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
        """Ask the program itself: it knows in which order its own children end."""
        if self.exit_code is None:
            self._process.terminate()

    def members(self) -> list[int]:
        """Return every live process of the session, after the program's own end too."""
        return [pid for pid in psutil.pids() if _session(pid) == self._process.pid and not _is_dead(pid)]

    def tail(self) -> str:
        """Return the last lines of the log."""
        if self.log is None:
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:])


def stop(children: Iterable[Child], *, grace_s: float) -> None:
    """End all children and all that they started: TERM, and after `grace_s` KILL."""
    children = list(children)
    for child in children:
        child.terminate()
    deadline = time.monotonic() + grace_s
    while any(child.exit_code is None for child in children) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for child in children:
        while members := child.members():  # a member may fork while we look: until none is left
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
    """Tell whether only the process's entry is left, for its parent to read."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
