"""What the documents say of settings is true."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from techner.settings import Settings
from techner.settings.sources import CONFIG, MODEL

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docker-compose.yaml", ".env.example")
EVERY_PAGE = sorted([*(ROOT / page for page in PAGES), *ROOT.glob("docs/**/*.md")])
SECTIONS: dict[str, Any] = {
    name: field.default for name, field in Settings.model_fields.items() if is_dataclass(field.annotation)
}


def names() -> Iterator[str]:
    yield from Settings.model_fields
    for section, policy in SECTIONS.items():
        yield from (f"{section}.{field.name}" for field in fields(policy))


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    text = page.read_text()
    variables = {f"TECHNER_{name.replace('.', '__').upper()}" for name in names()} | {CONFIG, MODEL}
    assert set(re.findall(r"\bTECHNER_[A-Z0-9_]*[A-Z0-9]\b", text)) <= variables
    said = re.findall(rf"\b(?:{'|'.join(sorted(SECTIONS))})\.[a-z_]+\b(?!\()", text)
    assert {name for name in said if not name.endswith((".py", ".md"))} <= set(names())
