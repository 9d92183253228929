"""Both images of the Dockerfile, built once for all tests here, on stand-ins for what they begin with."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.buildah import Buildah, Image
from tests.image.pip_configuration import pip_configuration
from tests.image.system import make_system

ROOT = Path(__file__).parents[2]
NEEDED = ("buildah", "ip", "unshare")
STAND_IN = Path(__file__).with_name("stand_in")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the tests alone unless they are asked for, also where another suite is named."""
    return None if config.getoption("markexpr") == "image" else True


@pytest.fixture(scope="session")
def buildah() -> Iterator[Buildah]:
    """Return a builder with its images on the disk: they are gigabytes, too much for memory."""
    for program in NEEDED:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    if os.geteuid() != 0:
        pytest.skip("needs root, as it builds without a daemon")
    tried = [str(shutil.which("unshare")), "--mount", "--net", "true"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("no namespaces: the machine keeps them even from root")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="techner-images-") as folder:
        buildah = Buildah(Path(folder))
        try:
            yield buildah
        finally:
            buildah.do("rm", "--all")


@pytest.fixture(scope="session")
def base(buildah: Buildah) -> list[str]:
    """Return options of a build that put stand-ins in the place of Python's image and Airflow's."""
    context = buildah.folder / "stand-in"
    shutil.copytree(STAND_IN, context)
    make_system(context / "system")
    for target in ("python", "airflow"):
        buildah.do("bud", "--target", target, "--tag", f"stand-in-{target}", str(context))
    shutil.rmtree(context)
    names = (("PYTHON_IMAGE", "python"), ("AIRFLOW_IMAGE", "airflow"))
    return [f"--build-arg={argument}=localhost/stand-in-{name}" for argument, name in names]


@pytest.fixture(scope="session")
def options(buildah: Buildah, base: list[str]) -> list[str]:
    """Return options of a build: its stand-ins, and what pip on this machine is told, as a secret."""
    text, files = pip_configuration()
    configuration = buildah.folder / "pip.conf"
    configuration.write_text(text)
    mounts = [f"--volume={path}:{path}:ro" for path in files]
    return [*base, f"--secret=id=pip.conf,src={configuration}", *mounts]


@pytest.fixture(scope="session")
def serving(buildah: Buildah, options: list[str]) -> Image:
    return buildah.build(ROOT, "serving", "--target=serve", *options)


@pytest.fixture(scope="session")
def airflow(buildah: Buildah, options: list[str]) -> Image:
    return buildah.build(ROOT, "airflow", *options)
