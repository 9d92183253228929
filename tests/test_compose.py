"""The composition: valid, without a secret of its own, and with settings that techner reads."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from techner.core.policy import GatePolicy
from techner.settings import load_settings

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
VARIABLES = (ROOT / "deploy" / "compose" / "techner.env").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SECRETS = dict.fromkeys(re.findall(r"(?m)^(\w+)=", EXAMPLE), "")
SECRETS = {name: f"filled-{name.lower()}" for name in SECRETS}
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
SECRET_NAME = re.compile(r"PASSWORD$|SECRET|_KEY|AUTH$|CONN$|BROKER_URL|RESULT_BACKEND")

# Airflow takes 3 s of CPU to import, so one worker does it, and no worker that merely collects.
imports_airflow = pytest.mark.xdist_group("imports airflow")
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
        *("api-server", "scheduler", "dag-processor", "triggerer", "worker", "trainer"),
        *("downloads", "techner"),
    }
    assert all(value in done.stdout for value in SECRETS.values())  # none is asked for in vain


@needs_compose
@pytest.mark.parametrize("missing", SECRETS)
def test_composition_refuses_to_start_without(missing: str, tmp_path: Path) -> None:
    """It is there and empty, as in the example; what refuses that (`:?`) refuses its absence, too."""
    done = config(tmp_path / "env", SECRETS | {missing: ""})
    assert done.returncode != 0
    assert f"set {missing} in .env" in done.stderr


@needs_compose
def test_composition_refuses_to_start_without_any_secret(tmp_path: Path) -> None:
    done = config(tmp_path / "env", {})
    assert done.returncode != 0
    assert re.search(r"set \w+ in \.env", done.stderr)


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
    assert about["mem_limit"]
    if service in ("init", "techner"):  # they end
        assert about["restart"] == "no"
    else:
        assert about["restart"] == "unless-stopped"
        assert service == "downloads" or about["healthcheck"]["test"]  # it has that of its image


@pytest.mark.parametrize("service", SERVICES)
def test_no_health_check_starts_a_python(service: str) -> None:
    test = SERVICES[service].get("healthcheck", {}).get("test", ["NONE", ""])
    assert test[1].split(" ")[0] not in ("python", "airflow", "celery")


@imports_airflow
def test_the_health_that_is_looked_for_is_what_the_api_server_says() -> None:
    from airflow.api_fastapi.core_api.datamodels.monitor import (
        BaseInfoResponse,
        DagProcessorInfoResponse,
        HealthInfoResponse,
        SchedulerInfoResponse,
        TriggererInfoResponse,
    )

    part = {"status": "healthy"}
    told = HealthInfoResponse(
        metadatabase=BaseInfoResponse(**part),
        scheduler=SchedulerInfoResponse(**part, latest_scheduler_heartbeat=None),
        triggerer=TriggererInfoResponse(**part, latest_triggerer_heartbeat=None),
        dag_processor=DagProcessorInfoResponse(**part, latest_dag_processor_heartbeat=None),
    ).model_dump_json()
    for service in ("dag-processor", "triggerer"):
        sought = re.search(r"grep --quiet '(.+)'", SERVICES[service]["healthcheck"]["test"][1])
        assert sought
        assert sought[1] in told


def test_every_task_has_a_worker_for_its_queue() -> None:
    commands = [about.get("command") or [] for about in SERVICES.values()]
    queues = {command[command.index("--queues") + 1] for command in commands if "--queues" in command}
    assert queues == {"default", "train"}
    assert SERVICES["worker"]["environment"]["AIRFLOW__OPERATORS__DEFAULT_QUEUE"] == "default"


def test_a_worker_that_is_stopped_may_end_its_task_and_a_trainer_an_epoch() -> None:
    minutes = {name: str(SERVICES[name]["stop_grace_period"]) for name in ("worker", "trainer")}
    assert minutes == {"worker": "5m", "trainer": "10m"}
    assert all(SERVICES[name]["init"] for name in minutes)  # signals reach the processes of a task


def test_annotators_reach_the_store_by_a_port_of_loopback() -> None:
    (port,) = SERVICES["s3"]["ports"]
    address, outside, inside = port.split(":")
    environment = SERVICES["worker"]["environment"]
    assert address == "127.0.0.1"  # until a proxy with TLS stands before it
    assert environment["TECHNER_S3_PUBLIC_ENDPOINT"] == f"http://127.0.0.1:{outside}"
    assert environment["TECHNER_S3_ENDPOINT"] == f"http://s3:{inside}"


def test_a_message_that_a_lost_worker_took_is_given_to_another_after_a_minute() -> None:
    """Redis does so after this; Airflow's value is a day, and its scheduler looks after twelve minutes."""
    for service in ("scheduler", "worker", "trainer"):
        environment = SERVICES[service]["environment"]
        options = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
        assert float(environment[f"{options}VISIBILITY_TIMEOUT"]) <= 60
        assert environment[f"{options}UNACKED_RESTORE_THROTTLE"] == "1"


def test_the_mounted_settings_are_read_by_every_service_of_techner(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = "./deploy/compose/techner.toml:/opt/airflow/techner.toml:ro"
    for service, about in SERVICES.items():
        if about["image"] == "techner:local" and service != "init":
            assert mounted in about["volumes"], service
            assert about["environment"]["TECHNER_CONFIG"] == "/opt/airflow/techner.toml"
            assert about["env_file"] == "deploy/compose/techner.env"
    monkeypatch.setenv("TECHNER_CONFIG", str(ROOT / "deploy" / "compose" / "techner.toml"))
    assert load_settings().gate.micro_margin > GatePolicy().micro_margin


@imports_airflow
def test_logs_of_tasks_lie_beside_the_store_and_are_kept_here_until_they_are_uncommented() -> None:
    from airflow.configuration import conf

    uncommented = yaml.safe_load(re.sub(r"(?m)^  # (?=AIRFLOW_)", "  ", COMPOSE))
    asked = uncommented["services"]["worker"]["environment"]
    new = asked.keys() - SERVICES["worker"]["environment"].keys()
    assert {"AIRFLOW__LOGGING__REMOTE_LOGGING", "AIRFLOW_CONN_TECHNER_LOGS"} < new
    for name in (name for name in new if name.startswith("AIRFLOW__")):
        section, option = name.removeprefix("AIRFLOW__").lower().split("__")
        assert option in conf.configuration_description[section]["options"], name
    assert asked["AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER"] == "s3://techner/logs"
    assert asked["TECHNER_STORE"] == "s3://techner/ner"


@pytest.mark.parametrize("name", re.findall(r"(?m)^# (TECHNER_\w+=.*)$", VARIABLES))
def test_every_variable_that_is_shown_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*name.split("=", 1))
    load_settings()


def test_the_image_has_the_auth_manager_of_the_composition() -> None:
    manager = yaml.safe_load(COMPOSE)["x-environment"]["AIRFLOW__CORE__AUTH_MANAGER"]
    provider = re.match(r"airflow\.providers\.(\w+)\.", manager)
    assert provider
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert f"\napache-airflow-providers-{provider[1]}==" in lock


def test_image_is_built_from_hashes_and_runs_without_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.+)", dockerfile)
    assert len(installs) == 5
    assert all(re.match("--no-deps (?:--require-hashes|--no-index) ", words) for words in installs)
    assert "index-url" not in dockerfile
    assert re.findall(r"(?m)^USER (\S+)$", dockerfile) == ["50000:0", "50000:0"]


def test_the_image_that_only_serves_writes_to_its_cache_alone() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stage = dockerfile.partition(" AS serve\n")[2].partition("\nFROM ")[0]
    service = SERVICES["downloads"]
    assert service["build"]["target"] == "serve"
    assert service["profiles"]
    assert service["read_only"]
    assert service["volumes"] == ["downloads:/cache"]
    assert "TECHNER_CACHE=/cache" in stage
    assert "HEALTHCHECK " in stage
    assert f"EXPOSE {service['ports'][0].rpartition(':')[2]}" in stage
