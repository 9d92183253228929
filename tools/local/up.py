"""`up`: Airflow's four components on this machine, with the DAG, the page, a folder store and SQLite."""

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from techner.cli.terminal import console
from techner.core.errors import NotInitialised, SettingsError, TechnerError
from techner.registry import Registry
from techner.settings import load_settings, model_names
from techner.store import Store, open_store
from tools.local.environment import HOST, MIGRATE, ROOT, airflow_environment, password_file, serving
from tools.local.supervisor import Supervisor

HEALTHY_WITHIN_S = 180
_PROBE_TIMEOUT_S = 5
_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
_REFUSED = 300
_PAUSED_AT_CREATION = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"
_SAID_OF = {
    True: ", paused until you unpause it in Airflow",
    False: ", whose nights begin by themselves",
    None: "",
}
_TECHNER = (sys.executable, "-c", "from techner.cli import main; main()")


def up(*, port: int, state: Path) -> None:
    """Run until Ctrl-C or SIGTERM. Raises TechnerError if something cannot start or ends by itself."""
    _require_checkout()
    with _alone(state):
        _require_free(port)
        _run(port, state)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Hold the state: two schedulers on one SQLite file stop each other. SettingsError if it is held."""
    state.mkdir(parents=True, exist_ok=True)
    lock = FileLock(state / "up.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise SettingsError(
            f"another `make up` uses {state}: stop it, or choose another folder with --state"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _run(port: int, state: Path) -> None:
    stores = _stores(state)
    only = stores[None].url if None in stores else None
    first = load_settings(next(iter(stores)))
    cache = first.cache if "cache" in first.model_fields_set else state / "cache"
    home = state / "airflow"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)  # it will hold a password and keys
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    environment = airflow_environment(home, store=only, cache=cache) | serving(home, port)
    with Supervisor(environment).watching() as supervisor:
        for model, store in stores.items():
            _make_origin(supervisor, store, model)
        console.print("preparing the database ...")
        supervisor.run("airflow db migrate", MIGRATE, log=logs / "migrate.log")
        _serve(supervisor, port, logs)
        _announce(home, port, logs, tuple(f"techner_{model or 'nightly'}" for model in stores))
        supervisor.wait(lambda: False)
    console.print("stopped")


def _stores(state: Path) -> dict[str | None, Store]:
    """Return the store of each model; of the only one, which has no name, that in `state` if none is set."""
    if names := model_names():
        return {name: load_settings(name).open_store() for name in names}
    settings = load_settings()
    is_set = "store" in settings.model_fields_set
    return {None: settings.open_store() if is_set else open_store((state / "store").as_uri())}


def _require_checkout() -> None:
    if not (ROOT / "dags").is_dir():
        raise SettingsError(f"{ROOT} has no dags/: run this from a checkout, not from an installed package")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} cannot be used: {error.strerror}; choose another with --port"
            ) from error


def _make_origin(supervisor: Supervisor, store: Store, model: str | None) -> None:
    try:
        version, _ = Registry(store).production()
    except NotInitialised:
        console.print(f"{store.url} has no model yet: training the starter (techner init --base starter) ...")
        chosen = ("--model", model) if model else ()
        supervisor.run("techner init", (*_TECHNER, *chosen, "init", "--base", "starter"))
    else:
        console.print(f"production is {version} in {store.url}")


def _serve(supervisor: Supervisor, port: int, logs: Path) -> None:
    console.print("starting Airflow ...")
    for component, *options in (
        ("api-server", "--host", HOST, "--port", str(port), "--workers", "1"),
        # Logs are read from the disk they share, so the ports of the log servers stay free.
        ("scheduler", "--skip-serve-logs"),
        ("dag-processor",),
        ("triggerer", "--skip-serve-logs"),
    ):
        command = (sys.executable, "-m", "airflow", component, *options)
        supervisor.start(component, command, log=logs / f"{component}.log")
    if not supervisor.wait(lambda: _is_healthy(port), within_s=HEALTHY_WITHIN_S):
        raise TechnerError(f"Airflow is not healthy after {HEALTHY_WITHIN_S} s; its logs are in {logs}")


def _is_healthy(port: int) -> bool:
    health = _ask(port, "/api/v2/monitor/health")
    return all((health.get(part) or {}).get("status") == "healthy" for part in _PARTS)


def _ask(
    port: int, path: str, *, sent: Mapping[str, str] | None = None, token: str | None = None
) -> dict[str, Any]:
    """Return what Airflow answers; nothing if it refuses, or does not answer yet."""
    connection = HTTPConnection(HOST, port, timeout=_PROBE_TIMEOUT_S)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request("POST" if sent else "GET", path, json.dumps(sent) if sent else None, headers)
        answer = connection.getresponse()
        return dict(json.load(answer)) if answer.status < _REFUSED else {}
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()


def paused(port: int, login: tuple[str, str], dag: str) -> bool | None:
    """Tell whether a DAG is paused, or will be when Airflow reads it first; None if Airflow does not say."""
    user, password = login
    token = _ask(port, "/auth/token", sent={"username": user, "password": password}).get("access_token")
    if token is None:
        return None
    if (known := _ask(port, f"/api/v2/dags/{dag}", token=token).get("is_paused")) is not None:
        return bool(known)
    return os.environ.get(_PAUSED_AT_CREATION, "True").lower() in ("true", "t", "1")


def _announce(home: Path, port: int, logs: Path, dags: tuple[str, ...]) -> None:
    address = f"http://{HOST}:{port}"
    logins = json.loads(password_file(home).read_text(encoding="utf-8"))
    for user, password in logins.items():
        console.print(f"login     {user} / {password}", markup=False)
    console.print(f"airflow   [bold]{address}[/]")
    console.print(f"the page  [bold]{address}/techner/[/] (log in first)")
    for dag in dags:
        console.print(f"the DAG   {dag}{_SAID_OF[paused(port, next(iter(logins.items())), dag)]}")
    console.print(f"logs      {logs}")
    console.print("stop      Ctrl-C")
