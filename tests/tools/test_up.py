"""`up` before Airflow is started, and what it says of a DAG; tests/browser has the rest."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from techner.core.errors import SettingsError
from tools.local.up import paused, up

LOGIN = ("ada", "secret")


def test_a_second_up_on_one_state_is_refused(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "up.lock"),
        pytest.raises(SettingsError, match=r"another `make up` uses .*--state"),
    ):
        up(port=1, state=tmp_path)


class _Airflow(BaseHTTPRequestHandler):
    """Knows a login and two DAGs."""

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = (given["username"], given["password"]) == LOGIN
        self._answer(201 if is_known else 401, {"access_token": "t"} if is_known else {})

    def do_GET(self) -> None:
        dags = {"/api/v2/dags/on": False, "/api/v2/dags/off": True}
        is_ours = self.headers["Authorization"] == "Bearer t"
        if is_ours and self.path in dags:
            self._answer(200, {"is_paused": dags[self.path]})
        else:
            self._answer(404, {"detail": "no"})

    def _answer(self, status: int, told: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Airflow) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_dag_is_called_paused_only_where_it_is(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", raising=False)
    assert [paused(port, LOGIN, dag) for dag in ("on", "off", "new")] == [False, True, True]
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
    assert paused(port, LOGIN, "new") is False


def test_nothing_is_said_of_a_dag_where_airflow_does_not_say(port: int) -> None:
    assert paused(port, ("ada", "wrong"), "off") is None
