"""How long the pages take on a store that has no index: what is not read yet is read beside them.

    python benchmarks/first_look.py [--versions 500] [--batches 5000] [--call-ms 0] [--root FOLDER]

For each page, in a new process with an empty cache and no index: milliseconds of the first look and of the
slowest one, calls to the store that the first look made itself, how many looks said that they are not whole,
and the seconds until one was. `--call-ms` lets each call to the store wait so long, as one over a network.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pages import fill, is_whole, pages
from techner.settings import Settings
from techner.store import FolderStore, MemoryStore, Stored
from techner.web.ahead import NAME
from techner.web.known import INDEX
from tests.counting import CountingStore

EVERY_S = 0.2
UNFINISHED = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Distant(CountingStore):
    """Answers each call after a while, and remembers those of the pages, which have threads of their own."""

    call_s: float

    def get(self, key: str) -> bytes:
        time.sleep(self.call_s)
        self._note(f"get {key}")
        return self.inner.get(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        time.sleep(self.call_s)
        self._note(f"list {prefix}")
        return self.inner.list(prefix, limit=limit)

    def _note(self, call: str) -> None:
        if threading.current_thread().name != NAME:
            self.calls.append(call)


def ask(root: Path, path: str, call_s: float) -> None:
    """In a process of its own: look at a page until it is whole, and print what that took."""
    from fastapi.testclient import TestClient

    from techner.web import create_app

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        store = Distant(inner=FolderStore(root), call_s=call_s)
        settings = Settings(store=str(root), cache=Path(cache))
        empty = MemoryStore()
        TestClient(create_app(lambda: empty, settings=lambda: settings)).get("/")  # imports, and the header
        client = TestClient(create_app(lambda: store, settings=lambda: settings))
        took, calls, began = [], 0, time.perf_counter()
        while True:
            before = time.perf_counter()
            answer = client.get(path)
            took.append(1000 * (time.perf_counter() - before))
            calls = calls or len(store.calls)
            assert answer.status_code in (200, UNFINISHED), answer.text  # noqa: S101
            if is_whole(answer):
                break
            time.sleep(EVERY_S)
        print(json.dumps([took[0], max(took), calls, len(took) - 1, time.perf_counter() - began]))


def measure(root: Path, given: argparse.Namespace) -> None:
    if not (root / "versions").is_dir():
        fill(root, versions=given.versions, batches=given.batches)
    print(f"{'page':28} {'first':>6} {'slowest':>8} {'calls':>6} {'not whole':>10} {'whole after s':>14}")
    for path in pages(root):
        (root / INDEX).unlink(missing_ok=True)
        program = [sys.executable, __file__, "--root", str(root), "--call-ms", str(given.call_ms)]
        done = subprocess.run([*program, "--ask", path], check=True, capture_output=True)
        first, slowest, calls, looks, whole = json.loads(done.stdout)
        print(f"{path[:28]:28} {first:6.0f} {slowest:8.0f} {calls:6} {looks:10} {whole:14.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=500)
    parser.add_argument("--batches", type=int, default=5000)
    parser.add_argument("--call-ms", type=float, default=0)
    parser.add_argument("--root", type=Path, help="keep the store here; its index is deleted")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        ask(given.root, given.ask, given.call_ms / 1000)
    elif given.root:
        measure(given.root, given)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), given)


if __name__ == "__main__":
    main()
