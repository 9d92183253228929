"""What the wheel holds and declares."""

import ast
import re
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from techner.cli.refusals import EXTRAS
from tests.packaging.environments import closure, modules

ROOT = Path(__file__).parents[2]
NOT_IMPORTED, FOR_MYPY = {"build"}, {"types_boto3_s3"}
"""What is run as `python -m`, and what is imported for its types alone."""


def brought(wheel: Path, extra: str) -> set[str]:
    """Return the modules of an extra, and of the base."""
    return {module for name in closure(wheel, extra) for module in modules(name)}


def imported() -> set[str]:
    """Return the modules that the package imports anywhere, but for the standard library and itself."""
    found = set()
    for path in (ROOT / "techner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found - sys.stdlib_module_names - {"techner"}


def test_the_wheel_tells_type_checkers_that_it_is_typed(wheel: Path) -> None:
    assert "techner/py.typed" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_the_modules_that_the_commands_say_it_brings(extra: str, wheel: Path) -> None:
    assert set(EXTRAS[extra]) - brought(wheel, extra) == set()


def test_each_module_that_the_base_does_not_bring_is_listed_with_an_extra(wheel: Path) -> None:
    listed = {module for modules in EXTRAS.values() for module in modules}
    assert imported() - brought(wheel, "client") - FOR_MYPY == listed - NOT_IMPORTED


def test_each_extra_that_is_named_anywhere_is_declared(wheel: Path) -> None:
    (techner,) = distributions(path=[str(wheel)])
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    texts = [path.read_text() for path in [*pages, *(ROOT / "techner").rglob("*.py")]]
    named = {
        extra
        for text in texts
        for extras in re.findall(r"techner\[([a-z,]+)\]", text)
        for extra in extras.split(",")
    }
    assert {"annotator", "load", "sign"} <= named
    assert {*named, *EXTRAS} <= {*techner.metadata.get_all("Provides-Extra", ())}
