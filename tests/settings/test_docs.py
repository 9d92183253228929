"""What the documents say of settings is true."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from techner.core.policy import Policies
from techner.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docker-compose.yaml", ".env.example")
EVERY_PAGE = sorted([*(ROOT / page for page in PAGES), *ROOT.glob("docs/**/*.md")])
ROOMS = {field.name for field in fields(Policies)}


def names() -> Iterator[str]:
    yield from Settings.model_fields
    for room in ROOMS:
        yield from (f"{room}.{field.name}" for field in fields(getattr(Policies(), room)))


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    text = page.read_text()
    variables = {f"TECHNER_{name.replace('.', '__').upper()}" for name in names()} | {"TECHNER_CONFIG"}
    assert set(re.findall(r"\bTECHNER_[A-Z0-9_]*[A-Z0-9]\b", text)) <= variables
    said = re.findall(rf"\b(?:{'|'.join(sorted(ROOMS))})\.[a-z_]+\b(?!\()", text)
    assert {name for name in said if not name.endswith((".py", ".md"))} <= set(names())


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - ROOMS))
def test_every_setting_beside_the_policies_stands_in_the_readme(name: str) -> None:
    assert f"TECHNER_{name.upper()}" in (ROOT / "README.md").read_text()
