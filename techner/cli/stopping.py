"""Ctrl-C, and other signals that ask a command to end: it clears up, says so, exits with 128 + number."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the first signal into a KeyboardInterrupt, so that each `finally` runs; a second ends at once.

    A signal that is ignored stays so, as in what a shell runs in the background or `nohup` started.
    """
    stopped_by: list[signal.Signals] = []

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
        stopped_by.append(signal.Signals(number))
        for each in taken:
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()  # no other thread may set a handler
    taken = [each for each in _SIGNALS if is_main and signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in taken}
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        # Typer makes an exit of the interrupt; a server that was told to end, and did, has code 0.
        if stopped_by and not (isinstance(end, SystemExit) and not end.code):
            _say(f"stopped by {stopped_by[0].name}; nothing is half-written")
            sys.exit(128 + stopped_by[0])
        raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say(sentence: str) -> None:
    if sys.stderr:  # None: it was closed before we started
        with suppress(OSError):  # the terminal that hung up
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()
