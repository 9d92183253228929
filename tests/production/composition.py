"""docker-compose.yaml without containers: its environment and commands, with addresses of this machine."""

import re
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.production.servers import KEY_ID, SECRET, Servers
from tests.up import ROOT
from tests.world import POLICIES
from tools.local.environment import airflow_environment

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
STORE = "s3://techner/ner"
_SECRETS = {
    "AIRFLOW_FERNET_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "AIRFLOW_API_SECRET_KEY": secrets.token_hex(32),
    "AIRFLOW_JWT_SECRET": secrets.token_hex(32),
    "AIRFLOW_ADMIN_PASSWORD": SECRET,
    "POSTGRES_PASSWORD": SECRET,
    "REDIS_PASSWORD": SECRET,
    "S3_ACCESS_KEY": KEY_ID,
    "S3_SECRET_KEY": SECRET,
}
_ASKED_FOR = re.compile(r"\$\{(\w+):\?[^}]*\}")


def small_policies() -> dict[str, str]:
    """Return settings for the small world: nights that are soon done, and a gate that lets them through."""
    corpus, training, gate = POLICIES.corpus, POLICIES.training, asdict(POLICIES.gate)
    named = {
        "TRAINING__EPOCHS": training.epochs,
        "TRAINING__BATCH_WORDS": training.batch_words,
        "TRAINING__LEARNING_RATE": training.learning_rate,
        "CORPUS__REHEARSAL_TEXTS": corpus.rehearsal_texts,
        "CORPUS__HOLDOUT_SHARE": corpus.holdout_share,
    } | {f"GATE__{name.upper()}": value for name, value in gate.items() if name != "seed"}
    return {f"TECHNER_{name}": str(value) for name, value in named.items()}


def environment(home: Path, servers: Servers, *, api_port: int, health_port: int) -> dict[str, str]:
    """Return the environment of a service whose disk is `home`, for small nights."""
    address = f"http://127.0.0.1:{api_port}"
    places = {
        "@postgres/": f"@127.0.0.1:{servers.postgres_port}/",
        "@redis:6379/": f"@127.0.0.1:{servers.redis_port}/",
        "http://api-server:8080": address,
        "http://s3:8333": servers.endpoint,
        "http://127.0.0.1:8333": servers.endpoint,
        "/opt/airflow/techner.toml": str(ROOT / "deploy" / "compose" / "techner.toml"),
        "/opt/airflow": str(home),
    }
    composed = {}
    for name, value in COMPOSE["x-environment"].items():
        here = _ASKED_FOR.sub(lambda found: _SECRETS[found[1]], value)
        for there, place in places.items():
            here = here.replace(there, place)
        composed[name] = here
    of_one_machine = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api_port),
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(health_port),
        "AIRFLOW_ADMIN_PASSWORD": SECRET,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return (
        airflow_environment(home, store=STORE, cache=home / "cache")
        | composed
        | of_one_machine
        | small_policies()
    )


def command(service: str) -> list[str]:
    """Return the command of a service; logs of tasks stay on the disk of their worker."""
    words = list(COMPOSE["services"][service]["command"])
    serves_logs = words[0] in ("celery", "scheduler", "triggerer")
    return [sys.executable, "-m", "airflow", *words, *(["--skip-serve-logs"] if serves_logs else [])]
