"""What the composition takes from others: PostgreSQL, Redis and an S3 store, here Debian's on loopback."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
import psycopg2  # type: ignore[import-untyped]  # Airflow's driver
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from redis import ConnectionError as NotYet
from redis import Redis

from tests.production.machines import Machines
from tests.up import ROOT, reserved_port
from tests.waiting import until

CEPH = ROOT.parent / "shared" / "tools" / "ceph_s3.sh"
NEEDED = ("redis-server", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
SECRET = "0123456789abcdef"
"""Every password: the servers live as long as the tests, on loopback."""
KEY_ID = "production"
POSTGRES, REDIS, S3 = "postgres", "redis", "s3"
NET_S = 1800  # for a busy machine, no measure


@dataclass(frozen=True)
class Servers:
    machines: Machines
    ceph: Path
    """State of the store; its tools find it by `ceph.conf` there."""
    postgres_port: int
    redis_port: int
    s3_port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.s3_port}"

    def set_secret(self, secret: str) -> None:
        """Give the key of the store another secret: who has the old one has wrong credentials."""
        user = ("key", "create", "--uid=t", f"--access-key={KEY_ID}", f"--secret-key={secret}")
        command = ("radosgw-admin", "--conf", str(self.ceph / "ceph.conf"), *user)
        subprocess.run(command, check=True, capture_output=True)
        until(lambda: _s3_answers(self) is (secret == SECRET), "the store to know the secret", every_s=0.2)


def postgres_programs() -> Path | None:
    """Return the folder of Debian's newest PostgreSQL."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    return newest and newest.parent


def require_servers() -> None:
    """Skip where something is not installed."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing or not postgres_programs():
        pytest.skip(f"programs are not installed: {', '.join(missing) or 'postgresql'}")
    if not CEPH.exists():
        pytest.skip("needs ../shared, which starts Ceph")


@contextmanager
def served(logs: Path) -> Iterator[Servers]:
    """Start all three, until the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="techner-", dir="/var/tmp")))
        folder.chmod(0o755)  # PostgreSQL has a user of its own
        ports = [stack.enter_context(reserved_port()) for _ in range(4)]
        machines = stack.enter_context(Machines(logs, grace_s=3))
        servers = Servers(machines, folder / "ceph", *ports[:3])
        # Beside the other logs: pytest keeps that folder where a test failed.
        stack.callback(shutil.copytree, servers.ceph / "log", logs / "ceph")
        _start_s3(servers, monitor_port=ports[3])
        _start_postgres(servers, folder / POSTGRES)
        _start_redis(servers, folder)
        _wait_for_all(servers)
        yield servers


def _start_s3(servers: Servers, *, monitor_port: int) -> None:
    command = ("bash", str(CEPH), str(servers.ceph), str(servers.s3_port), KEY_ID, SECRET)
    servers.machines.start(S3, command, os.environ | {"MON_PORT": str(monitor_port)})


def _start_postgres(servers: Servers, folder: Path) -> None:
    """PostgreSQL refuses to run as root; Debian's package has a user for it."""
    programs = postgres_programs()
    is_root = os.geteuid() == 0
    become = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups") if is_root else ()
    folder.mkdir(mode=0o700)
    password = folder.with_name("password")
    password.write_text(SECRET)
    if is_root:
        shutil.chown(folder, "postgres", "postgres")
    made = ("--username=airflow", "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync")
    subprocess.run([*become, f"{programs}/initdb", "-D", str(folder), *made], check=True, capture_output=True)
    options = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
    command = (*become, f"{programs}/postgres", "-D", str(folder), "-p", str(servers.postgres_port), *options)
    servers.machines.start(POSTGRES, command, os.environ)


def _start_redis(servers: Servers, folder: Path) -> None:
    options = ("--bind", "127.0.0.1", "--dir", str(folder), "--requirepass", SECRET, "--appendonly", "yes")
    servers.machines.start(REDIS, ("redis-server", "--port", str(servers.redis_port), *options), os.environ)


def _wait_for_all(servers: Servers) -> None:
    for answers, name in ((_redis_answers, REDIS), (_postgres_answers, POSTGRES), (_s3_answers, S3)):

        def is_there(answers: Callable[[Servers], bool] = answers) -> bool:
            if servers.machines.has_ended(S3):  # Ceph may give up its first start on a busy machine
                servers.machines.restart(S3)
            servers.machines.require_running()
            return answers(servers)

        until(is_there, f"{name} to answer", within_s=NET_S, every_s=0.2)


def _redis_answers(servers: Servers) -> bool:
    with suppress(NotYet):
        return bool(Redis(port=servers.redis_port, password=SECRET).ping())
    return False


def _postgres_answers(servers: Servers) -> bool:
    """Make the database, as the image of the composition does at its first start."""
    login = {"host": "127.0.0.1", "user": "airflow", "password": SECRET, "dbname": "postgres"}
    try:
        connection = psycopg2.connect(**login, port=servers.postgres_port)
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE airflow")
    connection.close()
    return True


def _s3_answers(servers: Servers) -> bool:
    session = boto3.Session(KEY_ID, SECRET, region_name="us-east-1")
    with suppress(BotoCoreError, ClientError):
        session.client("s3", endpoint_url=servers.endpoint).list_buckets()
        return True
    return False
