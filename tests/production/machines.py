"""Programs that each stand for a machine: started, killed, hung and let go on by name."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]  # Airflow brings it

from tools.local.children import Child, stop

_Program = tuple[Sequence[str], Mapping[str, str]]


class Machines:
    """Use it by `with`: whatever happens in the block, nothing that was started is alive afterwards."""

    def __init__(self, logs: Path, *, grace_s: float) -> None:
        self._logs, self._grace_s = logs, grace_s
        self._running: dict[str, Child] = {}
        self._started: list[tuple[str, _Program]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._running.values(), grace_s=self._grace_s)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._running)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        before = sum(name == other for other, _ in self._started)
        log = self._logs / (f"{name}-{before + 1}.log" if before else f"{name}.log")
        self._running[name] = Child(name, command, environment=dict(environment), log=log)
        self._started.append((name, (command, environment)))

    def kill(self, name: str) -> None:
        """End a machine as a power cut does."""
        child = self._running.pop(name)
        _signal(child.members(), signal.SIGKILL)
        stop([child], grace_s=0)

    def restart(self, *names: str) -> None:
        """Kill machines, all before one is up again, and start the same programs on the same disks."""
        for name in names:
            self.kill(name)
        for name in names:
            self.start_again(name)

    def start_again(self, name: str) -> None:
        """Start the program of a machine that was killed, on its disk."""
        self.start(name, *dict(self._started)[name])

    def restart_ended(self) -> None:
        """Start again what has ended by itself, as the composition does."""
        for name in self.names:
            if self.has_ended(name):
                self.restart(name)

    @contextmanager
    def hung(self, name: str, program: str) -> Iterator[None]:
        """Let a program of a machine hang in the block: it takes connections, and never answers."""
        pids = self.pids(name, program)
        try:
            _signal(pids, signal.SIGSTOP)
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    def pids(self, name: str, program: str) -> list[int]:
        found = [pid for pid in self._running[name].members() if psutil.Process(pid).name() == program]
        assert found, f"no {program} on {name}"
        return found

    def has_ended(self, name: str) -> bool:
        return self._running[name].exit_code is not None

    def require_running(self) -> None:
        """Fail with the end of the log where a machine has ended by itself."""
        for name, child in self._running.items():
            assert child.exit_code is None, f"{name} ended with {child.exit_code}:\n{child.tail()}"


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
