"""The images of the Dockerfile: `make test-image` builds them with buildah, and runs each as its users do."""

import json
import shlex
import tarfile
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.image.buildah import ALONE, Image
from tests.packaging.test_locks import BUILD, SERVE, USE, pins

STORE = Path(__file__).parents[1] / "data" / "stores" / "0.1.0.tar.gz"
"""An origin and a promoted version."""
PROBE = Path(__file__).with_name("probe.py").read_text()
OF_THE_BASE = {"pip", "setuptools"}
ANYBODY = "12345:0"
"""A user that the image does not know, of the group that it does: OpenShift chooses such."""
NO_DATABASE = {"CONNECTION_CHECK_MAX_COUNT": "0"}
TOKEN = "x" * 16

pytestmark = [pytest.mark.image, pytest.mark.timeout(3600)]  # a net for a busy machine, no measure


def pinned(lock: Path) -> dict[str, str]:
    """Return what a lock has for the Python of the stand-ins, which is that of the tests."""
    chosen = {
        name: version
        for (name, marker), version in pins(lock).items()
        if Marker(marker[2:] or "python_version > '3'").evaluate()
    }
    return {canonicalize_name(name): version for name, version in chosen.items()}


@pytest.fixture(scope="session")
def of_serving(serving: Image) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(serving.execute("python", "-c", PROBE))
    return found


@pytest.fixture(scope="session")
def of_airflow(airflow: Image) -> dict[str, Any]:
    """Return what is found by Airflow's entrypoint, which takes a Python."""
    said = airflow.run("python", "-c", PROBE, "airflow", environment=NO_DATABASE)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@pytest.fixture(params=["serving", "airflow"])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    probed: dict[str, Any] = request.getfixturevalue(f"of_{request.param}")
    return probed | {"lock": {"serving": SERVE, "airflow": USE}[request.param]}


def test_an_image_has_what_its_lock_has_and_no_tool_of_development(found: dict[str, Any]) -> None:
    installed: dict[str, str] = {
        canonicalize_name(name): version for name, version in found["installed"].items()
    }
    expected = pinned(found["lock"])
    for name in OF_THE_BASE - expected.keys():
        installed.pop(name, None)
    assert installed.pop("techner")
    assert installed == expected
    assert "hatchling" in pinned(BUILD).keys() - installed.keys()


def test_an_image_runs_without_root_in_the_group_of_root(found: dict[str, Any]) -> None:
    assert (found["user"], found["group"]) == (50000, 0)


def test_nothing_of_the_build_stays_in_an_image(found: dict[str, Any]) -> None:
    assert found["left_behind"] == []
    assert len(found["techner"]) == 1
    assert "site-packages" in found["techner"][0]


def test_airflow_finds_the_dags_and_the_plugin_without_an_error(of_airflow: dict[str, Any]) -> None:
    assert of_airflow["dag_errors"] == of_airflow["plugin_errors"] == {}
    assert sorted(of_airflow["dags"]) == ["techner_announce", "techner_collect", "techner_nightly"]
    assert "techner" in of_airflow["plugins"]


def test_every_module_of_techner_can_be_imported_where_nights_run(of_airflow: dict[str, Any]) -> None:
    assert of_airflow["unimported"] == {}


def test_the_chart_runs_airflow_by_bash_and_as_any_user_of_the_group(airflow: Image) -> None:
    writes = "touch cache/a logs/a && exec airflow version"
    said = airflow.run("bash", "-c", writes, options=["--user", ANYBODY], environment=NO_DATABASE)
    assert said.split() == [pinned(USE)["apache-airflow"]]
    airflow.execute("bash", "-c", "[[ -x /clean-logs ]]")


@pytest.mark.parametrize("name", ["serving", "airflow"])
def test_the_command_line_is_there(name: str, request: pytest.FixtureRequest) -> None:
    assert "serve" in request.getfixturevalue(name).execute("techner", "--help")


SERVED = """
import json, os, urllib.request
asked = urllib.request.Request("http://127.0.0.1:8000/v1/aliases/production")
asked.add_header("Authorization", "Bearer " + os.environ["TECHNER_TOKEN"])
print(json.load(urllib.request.urlopen(asked))["version"])
"""


def test_the_light_image_serves_and_its_health_check_sees_whether_it_does(
    serving: Image, tmp_path: Path
) -> None:
    """The store is read-only, and so is all but the cache for a user whom the image does not know."""
    store = tmp_path / "store"  # `tmp_path` itself is root's alone
    with tarfile.open(STORE) as archive:
        archive.extractall(store, filter="data")
    words = serving.config["Healthcheck"]["Test"]
    assert words[0] == "CMD"
    server, healthy = (
        shlex.join(command)
        for command in ([*serving.config["Entrypoint"], *serving.config["Cmd"]], words[1:])
    )
    script = f"""
        ! {healthy} 2>/dev/null || exit 11
        {server} & until {healthy} 2>/dev/null; do kill -0 $! || exit 12; sleep 0.2; done
        python -c {shlex.quote(SERVED)}
        kill $!; wait $!; ! {healthy} 2>/dev/null || exit 13
    """
    said = serving.execute(
        *("bash", "-c", script),
        options=["--user", ANYBODY, "--volume", f"{store}:/store:ro"],
        environment={"TECHNER_STORE": "/store", "TECHNER_TOKEN": TOKEN},
        before=ALONE,
    )
    assert "\n0001-" in said  # the server logs there too
