"""What a worker imports once, so that no task of a night does it again."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import techner.night
from techner.night.preload import ASKS_FOR_THE_GPU, LONG

PACKAGES = ("corpus", "evaluation", "inbox", "night", "quality", "registry", "reports", "runs", "uptraining")
LIGHT = {"botocore", "cryptography", "filelock", "techner"}
"""They take no time, or few stores need them."""


def imported_in_functions(path: Path) -> Iterator[str]:
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module


def test_every_library_that_a_task_imports_by_itself_is_imported_before() -> None:
    root = Path(str(techner.night.__file__)).parents[1]
    sources = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    needed = {name.partition(".")[0] for path in sources for name in imported_in_functions(path)}
    before = {name.partition(".")[0] for name in (*LONG, *ASKS_FOR_THE_GPU)} | {"great_expectations"}
    assert needed - LIGHT - sys.stdlib_module_names <= before
