"""The supervisor with small programs in Airflow's place: who ends, who is ended, and what is said."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from techner.core.errors import SettingsError
from tests.waiting import LIMIT_S, until
from tools.local.supervisor import ChildEnded, Supervisor
from tools.local.up import up

FOR_EVER = "import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {FOR_EVER}"
# As Airflow does it: the task is in a process group of its own, and deaf.
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {DEAF!r}], process_group=0)
print(child.pid, flush=True)
time.sleep(600)
"""
FAILING = "import sys; print('no space left on device'); sys.exit(7)"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def supervisor(*, grace_s: float = 5) -> Supervisor:
    return Supervisor(dict(os.environ), grace_s=grace_s)


def is_alive(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def said(log: Path) -> str:
    """Wait for the first line of a child."""
    return until(lambda: log.read_text() if log.exists() else "", f"a first line in {log.name}")


def signalled(number: int) -> Callable[[], bool]:
    """Return a condition that never comes, and that signals this process when it is first looked at."""
    signals = iter([number])

    def send() -> bool:
        for one in signals:
            os.kill(os.getpid(), one)
        return False

    return send


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_all_children_and_is_no_error(number: int) -> None:
    with supervisor().watching() as watched:
        children = [watched.start(name, python(FOR_EVER)) for name in ("one", "two")]
        watched.wait(signalled(number), within_s=LIMIT_S)
    assert [child.exit_code for child in children] == [-signal.SIGTERM] * 2
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_grandchild_in_its_own_group_that_ignores_term_is_ended_too(tmp_path: Path) -> None:
    log = tmp_path / "parent.log"
    with supervisor(grace_s=1).watching() as watched:
        watched.start("parent", python(PARENT), log=log)
        grandchild = int(said(log).split()[0])
        assert is_alive(grandchild)
        watched.wait(signalled(signal.SIGTERM), within_s=LIMIT_S)
    assert not is_alive(grandchild)


def test_child_that_ignores_term_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    log = tmp_path / "deaf.log"
    with supervisor(grace_s=0.5).watching() as watched:
        deaf = watched.start("deaf", python(DEAF), log=log)
        said(log)
        watched.wait(signalled(signal.SIGTERM), within_s=LIMIT_S)
    assert deaf.exit_code == -signal.SIGKILL


def test_end_of_one_child_ends_the_others_and_is_told_with_its_last_words(tmp_path: Path) -> None:
    children = []

    def serve() -> None:
        with supervisor().watching() as watched:
            children.append(watched.start("api-server", python(FOR_EVER)))
            watched.start("scheduler", python(FAILING), log=tmp_path / "scheduler.log")
            watched.wait(lambda: False, within_s=LIMIT_S)

    with pytest.raises(ChildEnded) as caught:
        serve()
    assert str(caught.value) == (
        "scheduler ended with exit code 7; the end of its log:\nno space left on device"
    )
    assert children[0].exit_code is not None


def test_first_child_ends_last(tmp_path: Path) -> None:
    """It serves the others; they can still report their end to it."""
    log = tmp_path / "order.log"
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep({delay})\n    open({log!r}, 'a').write('{name} ')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nopen({log!r} + '{name}', 'w').write('up')\ntime.sleep(600)"
    )
    with supervisor().watching() as watched:
        for name, delay in (("server", 0), ("worker", 0.5)):
            watched.start(name, python(program.format(log=str(log), name=name, delay=delay)))
        watched.wait(
            lambda: all(Path(f"{log}{name}").exists() for name in ("server", "worker")), within_s=LIMIT_S
        )
    assert log.read_text().split() == ["worker", "server"]


def test_failed_step_is_told_and_a_good_one_is_not_watched_on() -> None:
    with supervisor().watching() as watched:
        watched.run("good", python("pass"))
        assert watched.wait(lambda: False, within_s=0.5) is False
        with pytest.raises(ChildEnded, match="bad ended with exit code 3"):
            watched.run("bad", python("raise SystemExit(3)"))


def test_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} cannot be used: .*--port"):
            up(port=port, state=tmp_path / "state")
    assert not (tmp_path / "state" / "airflow").exists()
