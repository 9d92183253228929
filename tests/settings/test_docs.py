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
SECTIONS = {field.name for field in fields(Policies)}


def names() -> Iterator[str]:
    yield from Settings.model_fields
    for section in SECTIONS:
        yield from (f"{section}.{field.name}" for field in fields(getattr(Policies(), section)))


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    text = page.read_text()
    variables = {f"TECHNER_{name.replace('.', '__').upper()}" for name in names()} | {"TECHNER_CONFIG"}
    assert set(re.findall(r"\bTECHNER_[A-Z0-9_]*[A-Z0-9]\b", text)) <= variables
    said = re.findall(rf"\b(?:{'|'.join(sorted(SECTIONS))})\.[a-z_]+\b(?!\()", text)
    assert {name for name in said if not name.endswith((".py", ".md"))} <= set(names())
