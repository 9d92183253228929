"""The composition: valid, and without a secret of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SECRETS = dict.fromkeys(re.findall(r"(?m)^(\w+)=", EXAMPLE), "")
SECRETS = {name: f"filled-{name.lower()}" for name in SECRETS}
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
SECRET_NAME = re.compile(r"PASSWORD$|SECRET|_KEY|AUTH$|CONN$|BROKER_URL|RESULT_BACKEND")

needs_compose = pytest.mark.skipif(
    not shutil.which("docker-compose"), reason="docker-compose is not installed"
)


def config(env_file: Path, values: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [
            *("docker-compose", "--env-file", str(env_file), "--file", str(ROOT / "docker-compose.yaml")),
            "config",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_compose
def test_composition_is_valid_once_every_secret_is_filled_in(tmp_path: Path) -> None:
    done = config(tmp_path / "env", SECRETS)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {
        *("postgres", "redis", "s3", "init"),
        *("api-server", "scheduler", "dag-processor", "triggerer", "worker"),
    }
    assert all(value in done.stdout for value in SECRETS.values())  # none is asked for in vain


@needs_compose
@pytest.mark.parametrize("missing", SECRETS)
def test_composition_refuses_to_start_without(missing: str, tmp_path: Path) -> None:
    for values in (SECRETS | {missing: ""}, {k: v for k, v in SECRETS.items() if k != missing}):
        done = config(tmp_path / "env", values)
        assert done.returncode != 0
        assert f"set {missing} in .env" in done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_has_a_literal_secret(service: str) -> None:
    environment = SERVICES[service].get("environment", {})
    found = [name for name in environment if SECRET_NAME.search(name)]
    for name in found:
        assert re.search(r"\$\{\w+:\?set \w+ in \.env\}", environment[name]), f"{service}: {name}"
    assert found, f"{service} asks for no secret: is the pattern right?"


def test_example_of_the_env_file_has_no_secret() -> None:
    assert all(re.fullmatch(r"\w+=|#.*|", line) for line in EXAMPLE.splitlines())


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_pinned_and_restarts_and_says_whether_it_is_well(service: str) -> None:
    about = SERVICES[service]
    assert re.search(r":(\d+\.\d+|local$)", about["image"])
    if service == "init":  # runs once
        assert about["restart"] == "no"
    else:
        assert about["restart"] == "unless-stopped"
        assert about["healthcheck"]["test"]


def test_image_is_built_from_hashes_and_runs_without_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "pip install --require-hashes" in dockerfile
    assert "index-url" not in dockerfile
    assert re.findall(r"(?m)^USER (\w+)$", dockerfile) == ["airflow"]
