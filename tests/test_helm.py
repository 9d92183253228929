"""The values for Airflow's Helm chart: its keys, settings that techner reads, and a pod for its tasks."""

import re
from pathlib import Path
from textwrap import indent
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml  # type: ignore[import-untyped]
from tenacity import wait_random_exponential

from techner.core.nights import NightsPolicy
from techner.settings import load_settings
from tests.test_compose import imports_airflow

ROOT = Path(__file__).parents[1]
VALUES: dict[str, Any] = yaml.safe_load(
    (ROOT / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8")
)
ENVIRONMENT = {variable["name"]: variable["value"] for variable in VALUES["env"]}


TEXT = {"type": "string"}


def only(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


MANY = {"type": "object", "additionalProperties": TEXT}
COMPONENT = {"serviceAccount": only(annotations=MANY), "resources": only(requests=MANY, limits=MANY)}
# What techner sets of the chart, and no more: the chart refuses a key that its own schema does not have.
CHART = only(
    airflowVersion=TEXT,
    executor={"type": "string", "pattern": r"^[A-Z]\w+Executor$"},
    data=only(metadataSecretName=TEXT),
    fernetKeySecretName=TEXT,
    apiSecretKeySecretName=TEXT,
    jwtSecretName=TEXT,
    postgresql=only(enabled={"type": "boolean"}),
    redis=only(enabled={"type": "boolean"}),
    createUserJob=only(enabled={"type": "boolean"}),
    env={"type": "array", "items": only(name=TEXT, value=TEXT)},
    config={"type": "object", "additionalProperties": MANY},
    extraConfigMaps={"type": "object", "additionalProperties": only(data=TEXT)},
    volumes={"type": "array"},
    volumeMounts={"type": "array"},
    podTemplate=TEXT,
    **dict.fromkeys(("workers", "scheduler", "apiServer", "triggerer", "dagProcessor"), only(**COMPONENT)),
)


def test_every_value_is_one_that_the_chart_has() -> None:
    jsonschema.validate(VALUES, CHART)


@imports_airflow
def test_every_setting_of_airflow_is_one_and_logs_outlive_their_pods() -> None:
    from airflow.configuration import conf

    for section, options in VALUES["config"].items():
        assert set(options) <= set(conf.configuration_description[section]["options"])
    logging = VALUES["config"]["logging"]
    assert logging["remote_logging"] == "True"
    assert not f"{logging['remote_base_log_folder']}/".startswith(ENVIRONMENT["TECHNER_STORE"] + "/")


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    """Return the pod of a task; what the chart fills in is a word, what it includes is indented as there."""
    lines = re.sub(r"(?m)^\s*\{\{- /\*.*\*/\}\}\n", "", VALUES["podTemplate"])
    lines = re.sub(
        r"(?m)^\s*\{\{- include \S+ \. \| nindent (\d+) \}\}$",
        lambda found: indent("  - name: INCLUDED\n    value: filled-in", int(found[1]) * " "),
        lines,
    )
    lines = re.sub(r"\{\{-.*?\}\}", "[]", lines)
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "filled-in", lines))
    return found


def test_no_value_is_a_secret() -> None:
    assert not re.search(r"(?i)(?:password|secret_key|access_key)\S*:\s*\S", yaml.safe_dump(VALUES))
    assert not VALUES["postgresql"]["enabled"]


def test_the_settings_of_the_chart_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = yaml.safe_load(VALUES["extraConfigMaps"]["techner-settings"]["data"])
    (tmp_path / "techner.toml").write_text(data["techner.toml"], encoding="utf-8")
    for name, value in ENVIRONMENT.items():
        if name.startswith("TECHNER_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("TECHNER_CONFIG", str(tmp_path / "techner.toml"))
    assert load_settings().store == ENVIRONMENT["TECHNER_STORE"]


def test_the_pod_of_a_task_is_one_that_airflow_takes(pod: dict[str, Any]) -> None:
    from kubernetes.client import ApiClient, V1Pod  # 0.7 s of CPU

    assert (pod["apiVersion"], pod["kind"], pod["spec"]["restartPolicy"]) == ("v1", "Pod", "Never")
    api = ApiClient()
    assert (
        api.sanitize_for_serialization(api._ApiClient__deserialize(pod, V1Pod)) == pod
    )  # it drops other keys
    container, *others = pod["spec"]["containers"]
    assert (container["name"], others) == ("base", [])
    assert pod["spec"]["securityContext"] == {"runAsUser": 50000, "fsGroup": 0}  # of Airflow's image
    assert container["resources"]["limits"]["memory"]
    assert [one["name"] for one in container["env"]][1:] == ["INCLUDED", "INCLUDED"]


def test_everything_that_the_pod_mounts_is_there(pod: dict[str, Any]) -> None:
    mounted = {mount["name"]: mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]}
    assert mounted.keys() == {volume["name"] for volume in pod["spec"]["volumes"]}
    assert ENVIRONMENT["TECHNER_CONFIG"].startswith(mounted["techner-settings"] + "/")
    assert f"TECHNER_CACHE={mounted['cache']} " in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    shared = {volume["name"] for volume in VALUES["volumes"]}
    assert shared == {mount["name"] for mount in VALUES["volumeMounts"]} <= VALUES["extraConfigMaps"].keys()


def test_chart_and_image_are_of_one_version_of_airflow() -> None:
    tag = re.search(r"AIRFLOW_IMAGE=apache/airflow:\S*?(\d+\.\d+\.\d+)", (ROOT / "Dockerfile").read_text())
    lock = re.search(r"(?m)^apache-airflow==(\S+)", (ROOT / "requirements.lock").read_text())
    assert tag
    assert lock
    assert tag[1] == lock[1] == VALUES["airflowVersion"]


def test_every_pod_has_the_image_and_the_image_the_login_that_the_chart_expects() -> None:
    """The chart gives `images.airflow` to its components alone, and names FAB unless told otherwise."""
    command = (
        (ROOT / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8").partition("airflowVersion")[0]
    )
    assert "--set defaultAirflowRepository=REGISTRY/techner --set defaultAirflowTag=TAG" in command
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "\napache-airflow-providers-fab==" in lock
    assert "core" not in VALUES["config"]


def test_no_user_with_a_password_that_all_know_is_made() -> None:
    assert VALUES["createUserJob"] == {"enabled": False}


PATIENCE = re.compile(r"AIRFLOW__(?:SCHEDULER__|WORKERS__|DAG_PROCESSOR__|CORE__DAGBAG_)")


def test_composition_and_chart_have_the_same_patience() -> None:
    composition = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["x-environment"]
    of_compose, of_chart = (
        {name: value for name, value in found.items() if PATIENCE.match(name)}
        for found in (composition, ENVIRONMENT)
    )
    del of_compose["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"]  # the chart does that itself
    assert of_compose == of_chart


def test_what_a_lost_part_had_under_way_is_given_to_another_after_a_minute() -> None:
    for name in ("TASK_INSTANCE_HEARTBEAT_TIMEOUT", "ORPHANED_TASKS_CHECK_INTERVAL"):
        assert float(ENVIRONMENT[f"AIRFLOW__SCHEDULER__{name}"]) <= 60


def test_a_lost_worker_leaves_25_of_90_seconds_for_the_pause_and_the_next_start() -> None:
    noticed_s = "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"
    assert float(ENVIRONMENT[noticed_s]) + float(ENVIRONMENT[f"{noticed_s}_DETECTION_INTERVAL"]) <= 65


def test_a_task_waits_ten_minutes_for_the_api_server() -> None:
    tries = int(ENVIRONMENT["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"])
    longest_s = float(ENVIRONMENT["AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX"])
    waits = wait_random_exponential(min=1, max=longest_s)
    asked: list[Any] = [SimpleNamespace(attempt_number=number) for number in range(1, tries)]
    assert sum(map(waits, asked)) > 500  # random: 700 on the mean
    assert longest_s < float(ENVIRONMENT["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"]) / 2


def test_a_task_waits_for_the_file_of_its_dag_as_long_as_a_night_may_take() -> None:
    """Airflow counts how often a task was put off, also when `plan` does so because another night works."""
    put_off = int(ENVIRONMENT["AIRFLOW__WORKERS__MISSING_DAG_RETRIES"])
    assert put_off * 60 > NightsPolicy().run_hours * 3600
