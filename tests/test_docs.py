"""What the documents name is there (links, files, tests, commands, options); decisions keep their form."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer.main

from techner.cli.app import app
from techner.web.standalone import MIN_TOKEN
from tools.reference import pages as reference

ROOT = Path(__file__).parents[1]
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")}
    - {ROOT / "CHANGELOG.md"}  # it speaks of the past too
)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
FILE = re.compile(
    r"(?<![\w./-])((?:tests|techner|benchmarks|dags|plugins|examples|docs|docker|deploy|\.ci)/[\w./-]*\w)(?:::(\w+))?"
)
COMMAND = re.compile(r"(?:`|^    )(?:TECHNER_\w+=\S+ )*(?:\.venv/bin/)?techner ([a-z][^`\n]*)", re.MULTILINE)
COMMANDS = sorted(
    {
        re.split(r"\s{2,}|\s#| > |; ", found)[0]
        for page in (*PAGES, ROOT / "docker-compose.yaml")
        for found in COMMAND.findall(page.read_text())
    }
)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text())
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_links_files_and_commands_are_found_in_the_pages() -> None:
    """Else the tests of each would pass over nothing."""
    text = "\n".join(page.read_text() for page in PAGES)
    links, files = LINK.findall(text), FILE.findall(text)
    assert len([anchor for _, anchor in links if anchor]) > 10
    assert len([test for _, test in files if test]) > 10
    assert min(len(links), len(files), len(COMMANDS)) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_that_is_named_is_there(page: Path) -> None:
    for path, test in FILE.findall(page.read_text()):
        if "demo/" in path or path.startswith(("techner/run", "techner/v1")):  # shown output, addresses
            continue
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(), test


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_shown_exists_with_its_options(command: str) -> None:
    words = re.findall(r"[^\s\[\]|…]+", command)
    found: Any = typer.main.get_command(app)
    while commands := getattr(found, "commands", None):
        name = words.pop(0).strip(".,:")
        assert name in commands, name
        found = commands[name]
        if not words:
            break
    known = set(chain.from_iterable(option.opts for option in found.params))
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known


def test_the_reference_is_what_the_code_says() -> None:
    for name, text in reference.pages().items():
        assert (ROOT / "docs" / name).read_text() == text, f"{name} is out of date: run `make docs`"


def test_every_setting_says_what_it_means() -> None:
    rows = re.findall(r"(?m)^\| `\w[\w.]*` \| `TECHNER_.*$", reference.pages()["reference/settings.md"])
    assert len(rows) > 50
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_readme_is_a_screen_and_a_half() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 80
    assert [line for line in lines if len(line) > 120] == []


def test_the_token_that_the_documents_show_is_one_that_serve_takes() -> None:
    page = ROOT / "docs" / "how-to" / "service-owner.md"
    shown = re.findall(r"TECHNER_TOKEN=(\S+) techner serve", page.read_text())
    assert [len(token) >= MIN_TOKEN for token in shown] == [True]


def test_the_documents_show_commands() -> None:
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.name)
def test_a_decision_is_short_and_ends_with_how_it_is_violated(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert page.read_text().split("\n\n")[-1].startswith("Violated when ")


@pytest.mark.parametrize("page", ["docs/explanation/threats.md", "ARCHITECTURE.md"])
def test_a_page_that_promises_names_the_tests_that_show_it(page: str) -> None:
    named = {path for path, _ in FILE.findall((ROOT / page).read_text())}
    assert len([path for path in named if path.startswith("tests/")]) > 10
