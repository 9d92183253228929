"""A supervisor that starts children, watches them, and leaves none behind."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from techner.cli.terminal import console
from techner.core.errors import TechnerError
from tools.local.children import Child, stop

_POLL_S = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildEnded(TechnerError):  # noqa: N818 - it names the state that was found
    """A child failed, or ended when it should go on."""

    def __init__(self, name: str, exit_code: int, tail: str) -> None:
        super().__init__(name, exit_code, tail)
        self.name, self.exit_code, self.tail = name, exit_code, tail

    def __str__(self) -> str:
        last = f"; the end of its log:\n{self.tail}" if self.tail else ""
        return f"{self.name} ended with exit code {self.exit_code}{last}"


class _Signalled(Exception):  # noqa: N818
    """A signal asked us to end."""


class Supervisor:
    """Use it inside `with supervisor.watching()`: whatever happens there, no child is alive afterwards."""

    def __init__(self, environment: dict[str, str], *, grace_s: float = 20) -> None:
        self._environment, self._grace_s = environment, grace_s
        self._children: list[Child] = []
        self._signalled = False

    @contextmanager
    def watching(self) -> "Iterator[Supervisor]":
        """End the block on Ctrl-C, SIGTERM or SIGHUP, which is not an error, and then stop all children."""
        # The handler only notes the signal: an exception could come between a child's start and its listing.
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield self
        except _Signalled:
            console.print("stopping ...")
        finally:
            # The first child serves the others: it ends last, so that they can report their end.
            for children in (self._children[1:], self._children[:1]):
                stop(children, grace_s=self._grace_s)
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], *, log: Path | None = None) -> Child:
        """Start a child that must not end by itself; see `wait`."""
        child = Child(name, command, environment=self._environment, log=log)
        self._children.append(child)
        return child

    def run(self, name: str, command: Sequence[str], *, log: Path | None = None) -> None:
        """Run a command to its end; raises ChildEnded if it fails."""
        child = self.start(name, command, log=log)
        self.wait(lambda: child.exit_code is not None)
        self._children.remove(child)
        if child.exit_code:
            raise ChildEnded(name, child.exit_code, child.tail())

    def wait(self, done: Callable[[], bool], *, within_s: float | None = None) -> bool:
        """Wait until `done()`; False after `within_s` seconds. Raises ChildEnded if a child ends before."""
        deadline = None if within_s is None else time.monotonic() + within_s
        while not done():
            if self._signalled:
                raise _Signalled
            for child in self._children:
                if child.exit_code is not None:
                    raise ChildEnded(child.name, child.exit_code, child.tail())
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def _note(self, *_: object) -> None:
        self._signalled = True
