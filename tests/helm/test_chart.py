"""The values in Airflow's own chart: what it makes of them is what Kubernetes takes, and of one image."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.helm.conftest import VALUES, Manifest, Render

pytestmark = pytest.mark.helm
IMAGE = "REGISTRY/techner:TAG"
READ_THE_STORE = {"airflow-api-server", "airflow-dag-processor", "airflow-triggerer"}
"""Beside the pods of tasks."""


def lost(given: Any, taken: Any, path: str = "") -> list[str]:
    """Return where Kubernetes' client drops or changes what it is given."""
    if isinstance(given, dict) and isinstance(taken, dict):
        return [fault for name in given for fault in lost(given[name], taken.get(name), f"{path}/{name}")]
    if isinstance(given, list) and isinstance(taken, list) and len(given) == len(taken):
        pairs = enumerate(zip(given, taken, strict=True))
        return [fault for at, pair in pairs for fault in lost(*pair, f"{path}/{at}")]
    return [] if given == taken or given in (None, {}, []) else [path]


def taken(manifest: Manifest) -> Any:
    from kubernetes import client

    api, kind = client.ApiClient(), getattr(client, f"V1{manifest['kind']}")
    return api.sanitize_for_serialization(api._ApiClient__deserialize(manifest, kind))


def file_of(manifests: list[Manifest], name: str) -> str:
    """Return a file of the only configuration map that has one of this name."""
    [text] = [found["data"][name] for found in manifests if name in found.get("data", ())]
    return str(text)


def task_pod(manifests: list[Manifest]) -> Manifest:
    pod: Manifest = yaml.safe_load(file_of(manifests, "pod_template_file.yaml"))
    return pod


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the template of the pods of each component, and of tasks."""
    made = {one["metadata"]["name"]: one["spec"].get("template") for one in manifests if "spec" in one}
    return {name: pod for name, pod in made.items() if pod} | {"task": task_pod(manifests)}


def variables(pod: Manifest) -> dict[str, str]:
    [container, *_] = pod["spec"]["containers"]
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_kubernetes_takes_all_that_the_chart_makes(manifests: list[Manifest]) -> None:
    for manifest in (*manifests, task_pod(manifests)):
        assert not lost(manifest, taken(manifest)), f"{manifest['kind']} {manifest['metadata']['name']}"


def test_every_pod_of_airflow_has_the_image_of_techner(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
        assert name == "airflow-statsd" or {one["image"] for one in containers} == {IMAGE}, name


def test_what_reads_the_store_knows_where_it_is_and_who_may(manifests: list[Manifest]) -> None:
    accounts = {one["metadata"]["name"]: one for one in manifests if one["kind"] == "ServiceAccount"}
    found = pods(manifests)
    for name in (*READ_THE_STORE, "task"):
        pod = found[name]
        assert variables(pod)["TECHNER_STORE"] == "s3://models/ner"
        account = accounts[pod["spec"]["serviceAccountName"]]
        assert "eks.amazonaws.com/role-arn" in account["metadata"]["annotations"], name


def test_every_component_has_the_settings_as_a_file(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        if name != "airflow-statsd":
            [container, *_] = pod["spec"]["containers"]
            mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
            assert variables(pod)["TECHNER_CONFIG"] == f"{mounted['techner-settings']}/techner.toml", name
    assert "[gate]" in file_of(manifests, "techner.toml")


def test_the_pod_of_a_task_reaches_the_database_with_airflows_secrets(manifests: list[Manifest]) -> None:
    [container] = task_pod(manifests)["spec"]["containers"]
    secrets = {
        one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"] if "valueFrom" in one
    }
    assert secrets["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == {"name": "airflow-metadata", "key": "connection"}
    assert secrets["AIRFLOW__CORE__FERNET_KEY"]["name"] == "airflow-fernet-key"


def test_no_user_with_a_password_that_all_know_is_made(manifests: list[Manifest]) -> None:
    assert not [one for one in manifests if one["kind"] == "Job" and "user" in one["metadata"]["name"]]


def test_the_image_has_the_auth_manager_that_the_chart_names(manifests: list[Manifest]) -> None:
    [name] = re.findall(r"auth_manager = (\S+)", file_of(manifests, "airflow.cfg"))
    provider = re.match(r"airflow\.providers\.(\w+)\.", name)
    assert provider
    lock = (VALUES.parents[2] / "requirements.lock").read_text(encoding="utf-8")
    assert f"\napache-airflow-providers-{provider[1]}==" in lock


def test_the_pod_for_training_that_the_values_show_has_a_gpu(render: Render, tmp_path: Path) -> None:
    text = VALUES.read_text(encoding="utf-8")
    [shown] = re.findall(r"(?m)^#     train-pod\.yaml: \|\n(?:#       .*\n)+", text)
    below = "    data: |\n"
    values = tmp_path / "values.yaml"
    values.write_text(text.replace(below, below + re.sub(r"(?m)^#", " ", shown)), encoding="utf-8")
    pod = yaml.safe_load(file_of(render(values), "train-pod.yaml"))
    assert not lost(pod, taken(pod))
    [container] = pod["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["resources"] == {"limits": {"memory": "16Gi", "nvidia.com/gpu": "1"}}
