"""The places that `delivery.py` delivers to (a folder, moto, any S3 server), and a count of their traffic."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager

from techner.client import ModelStore
from techner.store import Store, open_store


@dataclass
class Traffic:
    """What boto3's requests carried since the last reset."""

    requests: int = 0
    bytes: int = 0

    def watch(self) -> None:
        events = boto3._get_default_session().events  # noqa: SLF001 - clients copy the session's hooks
        events.register("before-send.s3", self._sent)
        events.register("after-call.s3.GetObject", self._received)

    def reset(self) -> None:
        self.requests, self.bytes = 0, 0

    def _sent(self, request: Any, **_: Any) -> None:
        self.requests += 1
        self.bytes += int(request.headers.get("Content-Length") or 0)

    def _received(self, parsed: dict[str, Any], **_: Any) -> None:
        self.bytes += parsed.get("ContentLength", 0)


@dataclass
class Place:
    """A place that versions are delivered to, with plain copying to and from it."""

    name: str
    url: str
    endpoint: str | None
    send: Callable[[Path], None]
    fetch: Callable[[Path], None]
    fetch_unsplit: Callable[[Path], None]

    @property
    def store(self) -> Store:
        return open_store(self.url, s3_endpoint=self.endpoint)

    def models(self, cache: Path) -> ModelStore:
        return ModelStore(self.url, cache=cache, s3_endpoint=self.endpoint)


def folder_place(root: Path) -> Place:
    plain = root / "plain"

    def send(folder: Path) -> None:
        shutil.rmtree(plain, ignore_errors=True)
        shutil.copytree(folder, plain)

    def fetch(into: Path) -> None:
        shutil.copytree(plain, into)

    return Place("folder", str(root / "store"), None, send, fetch, fetch)


def s3_place(name: str, endpoint: str) -> Place:
    client = boto3.client("s3", endpoint_url=endpoint)
    bucket = f"techner-benchmark-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket)

    def send(folder: Path) -> None:
        with create_transfer_manager(client, TransferConfig()) as manager:
            for path in (path for path in folder.rglob("*") if path.is_file()):
                manager.upload(str(path), bucket, f"plain/{path.relative_to(folder).as_posix()}")

    def fetch(into: Path, config: TransferConfig | None = None) -> None:
        with create_transfer_manager(client, config or TransferConfig()) as manager:
            for item in client.list_objects_v2(Bucket=bucket, Prefix="plain/")["Contents"]:
                target = into / item["Key"].removeprefix("plain/")
                target.parent.mkdir(parents=True, exist_ok=True)
                manager.download(bucket, item["Key"], str(target))

    def fetch_unsplit(into: Path) -> None:
        fetch(into, TransferConfig(multipart_threshold=5 * 1024**3))

    return Place(name, f"s3://{bucket}/models", endpoint, send, fetch, fetch_unsplit)


@contextmanager
def moto() -> Iterator[str]:
    """Serve S3 on a free loopback port, in a process of its own: it must not share our interpreter's lock."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "testing")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()
