"""What is broken in a night of `outages.py` for a while, and then works again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from benchmarks.outage_night import Night
from tests.production.servers import S3

State = Callable[[Night], AbstractContextManager[object]]


@contextmanager
def store_down(night: Night) -> Iterator[None]:
    machines = night.stack.servers.machines
    for pid in machines.pids(night.gateway(), "radosgw"):
        os.kill(pid, signal.SIGKILL)
    yield
    serve = ("radosgw", "--conf", str(night.stack.servers.ceph / "ceph.conf"), "-n", "client.rgw", "-f")
    machines.start(f"{S3}-{time.monotonic_ns()}", serve, os.environ)


def store_hung(night: Night) -> AbstractContextManager[None]:
    return night.stack.servers.machines.hung(night.gateway(), "radosgw")


@contextmanager
def store_full(night: Night) -> Iterator[None]:
    """Let the server take no more objects: Ceph's quota."""

    def quota(*words: str) -> None:
        conf = str(night.stack.servers.ceph / "ceph.conf")
        whose = ("--quota-scope=bucket", "--uid=t")
        subprocess.run(
            ("/usr/bin/radosgw-admin", "--conf", conf, "quota", *words, *whose),
            check=True,
            capture_output=True,
        )

    quota("set", "--max-objects=1")
    quota("enable")
    yield
    quota("disable")


@contextmanager
def caches_full(night: Night) -> Iterator[None]:
    """Lay a full disk over the cache of each worker; needs root."""
    with ExitStack() as stack:
        for name in night.workers():
            cache = night.stack.folder / name / "cache"
            cache.mkdir(exist_ok=True)
            subprocess.run(("/bin/mount", "-t", "tmpfs", "-o", "size=64k", "full", str(cache)), check=True)
            stack.callback(subprocess.run, ("/bin/umount", "--lazy", str(cache)), check=True)
        yield


def down(part: str) -> State:
    """Make a state in which a part of Airflow, or what it is built on, does not run."""

    @contextmanager
    def state(night: Night) -> Iterator[None]:
        all_machines = (night.stack.machines, night.stack.servers.machines)
        [machines] = [machines for machines in all_machines if part in machines.names]
        machines.kill(part)
        yield
        machines.start_again(part)

    return state


STATES: dict[str, State] = {
    "store hung": store_hung,
    "store down": store_down,
    "store slow": lambda night: night.proxy.while_ill(delay_s=2),
    "store answering 500": lambda night: night.proxy.while_ill(status=500),
    "store answering 503": lambda night: night.proxy.while_ill(status=503),
    "store full": store_full,
    "caches full": caches_full,
}
