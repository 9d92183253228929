"""One word a concept: what ADR 24 says of names, held over all of the package."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "techner"
TASKS = ("plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish", "reject")
OF_EACH_FORMAT = {"read", "recognises", "refusal", "usual_text"}
"""Readers have them, the last two those of Label Studio: they are an interface."""


def parsed() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[tuple[str, ast.alias]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("techner."):
            yield from ((f"{node.module}.{alias.name}", alias) for alias in node.names)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_of_a_night_imports_no_other(task: str) -> None:
    tree = ast.parse((PACKAGE / "night" / f"{task}.py").read_text())
    others = tuple(f"techner.night.{other}." for other in TASKS)
    assert [name for name, _ in imports(tree) if name.startswith(others)] == []


def test_a_public_name_stands_for_one_thing() -> None:
    """A command is called what it does, so `cli` may say again what it calls."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in parsed():
        if path.parts[0] != "cli":
            for node in tree.body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                    places[node.name].append(str(path))
    twice = {name: where for name, where in places.items() if len(where) > 1 and name not in OF_EACH_FORMAT}
    assert twice == {}


def test_no_alias_hides_a_name_of_the_package() -> None:
    hidden = [
        f"{path}: {name} as {alias.asname}"
        for path, tree in parsed()
        for name, alias in imports(tree)
        if path.parts[0] != "cli" and alias.asname and alias.asname != alias.name
    ]
    assert hidden == []


@pytest.mark.parametrize("word", ["stages?", "IssueFound"])
def test_an_old_word_does_not_come_back(word: str) -> None:
    """A `stage` is a task, or what a person does."""
    root = PACKAGE.parent
    folders = ("techner", "dags", "plugins", "tools")
    files = [path for folder in folders for path in (root / folder).rglob("*.py")]
    assert [str(path) for path in files if re.search(rf"\b{word}\b", path.read_text(), re.IGNORECASE)] == []
