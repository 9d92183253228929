"""The locks agree, and each image is made from its own."""

import re
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.packaging.environments import closure

ROOT = Path(__file__).parents[2]
USE, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
SERVE, BUILD = ROOT / "requirements-serve.lock", ROOT / "requirements-build.lock"
TRANSFORMERS, TORCH_CPU = ROOT / "requirements-transformers.lock", ROOT / "requirements-torch-cpu.lock"
OPENLINEAGE = ROOT / "requirements-openlineage.lock"
ENTRY = re.compile(
    r"(?m)^([a-z0-9][\w.-]*)(?:\[[^]]*\])?==(\S+)((?: ;[^\\\n]*)?) \\\n((?:    --hash=sha256:\w{64}.*\n)*)"
)


def pins(lock: Path) -> dict[tuple[str, str], str]:
    return {(name, marker.strip()): version for name, version, marker, _ in ENTRY.findall(lock.read_text())}


@pytest.mark.parametrize(
    ("lock", "least"), [(USE, 200), (SERVE, 30), (BUILD, 5)], ids=["use", "serve", "build"]
)
def test_every_pin_for_use_is_the_one_of_development(lock: Path, least: int) -> None:
    here, development = (
        {(name, version) for (name, _), version in pins(lock).items()} for lock in (lock, DEVELOPMENT)
    )
    assert here - development == set()
    assert len(here) >= least


def test_the_lock_that_serves_has_what_the_server_and_signatures_need_and_nothing_else(wheel: Path) -> None:
    needed = closure(wheel, "ui") | closure(wheel, "sign")
    here = {name for name, marker in pins(SERVE) if Marker(marker[2:] or "python_version > '3'").evaluate()}
    assert {canonicalize_name(name) for name in here} == needed


def test_transformers_come_on_top_of_either_lock_and_the_cpu_build_is_of_the_same_torch() -> None:
    added, development = pins(TRANSFORMERS), pins(DEVELOPMENT)
    shared = {name for name, _ in added} & {name for name, _ in development}
    assert {"spacy", "numpy"} <= shared
    versions = {(name, version) for (name, _), version in development.items()}
    assert {(name, v) for (name, _), v in added.items() if name in shared} - versions == set()
    (cpu,) = pins(TORCH_CPU).values()
    assert cpu == f"{added['torch', '']}+cpu"


def test_openlineage_comes_on_top_of_either_lock() -> None:
    added, development = (
        {name: version for (name, _), version in pins(lock).items()} for lock in (OPENLINEAGE, DEVELOPMENT)
    )
    assert {"apache-airflow", "openlineage-python"} <= added.keys()
    assert {name: added[name] for name in added.keys() & development.keys()}.items() <= development.items()


@pytest.mark.parametrize(
    "lock",
    [USE, SERVE, BUILD, DEVELOPMENT, TRANSFORMERS, TORCH_CPU, OPENLINEAGE],
    ids=lambda path: path.name,
)
def test_every_entry_of_a_lock_has_hashes_and_none_names_an_index(lock: Path) -> None:
    text = lock.read_text()
    entries = re.findall(r"(?m)^[^\s#].*$", text)
    assert len(entries) == len(ENTRY.findall(text))
    assert all(hashes for *_, hashes in ENTRY.findall(text))
    assert "://" not in text
    assert not re.search(r"(?m)^--", text)


def test_the_lock_for_use_has_the_providers_of_both_platforms() -> None:
    """CeleryExecutor of the composition, KubernetesExecutor of the chart's values, logs in S3 (ADR 51)."""
    providers = {f"apache-airflow-providers-{name}" for name in ("amazon", "celery", "cncf-kubernetes")}
    assert providers <= {name for name, _ in pins(USE)}


def test_no_tool_of_development_is_in_the_lock_for_use() -> None:
    tools = {
        "hatchling",
        "hypothesis",
        "import-linter",
        "moto",
        "mypy",
        "pre-commit",
        "pytest",
        "ruff",
        "schemathesis",
        "uv",
    }
    assert tools & {name for name, _ in pins(USE)} == set()
    assert tools <= {name for name, _ in pins(DEVELOPMENT)}


def test_each_image_is_made_from_its_lock_and_leaves_sources_and_build_tools_behind() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = {text.split()[2]: text for text in re.split(r"(?m)^FROM ", dockerfile)[1:]}
    locks = {name: re.findall(r"source=(requirements[\w-]*\.lock)", text) for name, text in stages.items()}
    assert locks == {"python": [], "wheel": [BUILD.name], "serve": [SERVE.name], "airflow": [USE.name]}
    assert [*stages][-1] == "airflow"  # what is built where nobody names a stage
    for name in ("serve", "airflow"):
        assert not re.search(r"(?m)^COPY .*techner ", stages[name])
    assert {lock.name for lock in (USE, SERVE, BUILD)} <= {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
