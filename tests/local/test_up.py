"""`python -m techner.local up` as a person runs it: all of Airflow, the page, and a clean end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import spacy

ROOT = Path(__file__).parents[2]
LIMIT_S = 120
PNG = b"\x89PNG\r\n\x1a\n"


def tiny_origin(state: Path) -> str:
    """Initialise the store of `state` with an untrained pipeline by command line; returns the version."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PERSON")  # type: ignore[attr-defined]
    nlp.initialize()
    nlp.to_disk(state / "base")
    names = ("Ada", "Grace", "Alan", "Barbara", "Edsger", "Donald", "Frances", "Ken", "Radia", "Tim") * 3
    lines = [
        json.dumps({"text": f"{name} wrote line {number}.", "label": [[0, len(name), "PERSON"]]})
        for number, name in enumerate(names)
    ]
    (state / "reference.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from techner.cli import main; main()", "init"),
            *("--base", str(state / "base"), "--reference", str(state / "reference.jsonl")),
        ],
        env=os.environ | {"TECHNER_STORE": str(state / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(state: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `up` until it says that it is ready."""
    told = state / "told.txt"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "techner.local", "up", "--port", str(port), "--state", str(state)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + LIMIT_S
        while "Ctrl-C" not in told.read_text():
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def log_in(address: str, state: Path) -> str:
    passwords = state / "airflow" / "simple_auth_manager_passwords.json.generated"
    login = {"username": "admin", "password": json.loads(passwords.read_text())["admin"]}
    answer = httpx.post(f"{address}/auth/token", json=login)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@contextmanager
def logged_in_proxy(address: str, token: str) -> Iterator[str]:
    """Serve `address` with the login added: a browser's command line cannot bring a cookie."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(address + self.path, cookies={"_token": token}, timeout=30)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Security-Policy"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def screenshot(browser: str, url: str, picture: Path) -> None:
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    subprocess.run(
        [
            browser,
            *options,
            f"--user-data-dir={picture.parent / 'profile'}",
            f"--screenshot={picture}",
            "--window-size=1200,1600",
            url,
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.xdist_group("airflow")
def test_up_serves_the_page_to_people_who_log_in_and_leaves_nothing_behind(tmp_path: Path) -> None:
    version = tiny_origin(tmp_path)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(tmp_path, port) as process:
        assert httpx.get(f"{address}/techner/").status_code in (401, 403)
        token = log_in(address, tmp_path)
        page = httpx.get(f"{address}/techner/", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert page.status_code == 200
        assert version in page.text
        assert dag_is_paused(address, token)
        browser = shutil.which("chromium")
        if browser:
            picture = tmp_path / "page.png"
            with logged_in_proxy(address, token) as proxy:
                screenshot(browser, f"{proxy}/techner/", picture)
            assert picture.read_bytes().startswith(PNG)
            assert picture.stat().st_size > 20_000  # a blank page is smaller
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert len(children) >= 4
    assert [child for child in children if child.is_running()] == []
    if not browser:
        pytest.skip("chromium is not installed: the page was not looked at; everything else passed")


def dag_is_paused(address: str, token: str) -> bool:
    """Ask until the DAG processor has read the DAG."""
    headers = {"Authorization": f"Bearer {token}"}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = httpx.get(f"{address}/api/v2/dags/techner_nightly", headers=headers, timeout=30)
        if answer.status_code == 200:
            return bool(answer.json()["is_paused"])
        time.sleep(0.5)
    return False
