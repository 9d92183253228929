"""One Airflow and one Chromium for all tests here. `make test-browser` runs them, in one process."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.airflow import Airflow, started
from tests.browser.store import ask_again, attacking_names, begin, fill, hostile_batch, kind_batch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, WebError

PAGE_MS = 60_000  # a net for a busy machine, no measure
OpenPage = Callable[..., "Page"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pictures", type=Path, help="run no test, but take the pictures of the documents into this folder"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the tests alone unless they are asked for: Playwright takes a second to import."""
    if config.getoption("markexpr") != "browser":
        return True
    is_other = (collection_path.name == "test_pictures.py") is (config.getoption("--pictures") is None)
    return True if is_other and collection_path.suffix == ".py" else None


@pytest.fixture(scope="session")
def airflow(
    base_model: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Airflow]:
    is_hostile = pytestconfig.getoption("--pictures") is None
    state = tmp_path_factory.mktemp("browser")
    world = begin(state, base_model, attacking_names() if is_hostile else ())
    with ThreadPoolExecutor(1) as aside:  # Airflow takes its time to start, on one core
        filled = aside.submit(fill, world, hostile_batch if is_hostile else kind_batch)
        with started(state, world) as running:
            filled.result()
            yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    from playwright.sync_api import expect, sync_playwright

    program = shutil.which("chromium")
    if not program:
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=PAGE_MS)
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        yield playwright.chromium.launch(executable_path=program, args=options)


@contextmanager
def opened(chromium: "Browser", airflow: Airflow) -> Iterator[OpenPage]:
    """Open addresses as a user, or as nobody, each in a context of its own.

    No page may show a dialog, or have a script that fails or is kept from running.
    """
    faults: list[str] = []
    contexts = []

    def open_page(path: str, *, user: str | None = "admin", **options: Any) -> "Page":
        context = chromium.new_context(base_url=airflow.address, **options)
        contexts.append(context)
        context.set_default_timeout(PAGE_MS)
        watch(context, faults, f"{airflow.address}/techner/")
        if user:
            context.add_cookies([{"name": "_token", "value": airflow.token(user), "url": airflow.address}])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def watch(context: "BrowserContext", faults: list[str], ours: str) -> None:
    """Note what goes wrong on pages below the address `ours`; Airflow's own are not for us to judge."""

    def on_dialog(dialog: "Dialog") -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_console(message: "ConsoleMessage") -> None:
        if "Content Security Policy" in message.text or "Blocked script" in message.text:
            faults.append(message.text)

    def on_error(error: "WebError") -> None:
        if error.page and error.page.url.startswith(ours):
            faults.append(f"script: {error.error}")

    context.on("dialog", on_dialog)
    context.on("console", on_console)
    context.on("weberror", on_error)


@pytest.fixture
def open_page(chromium: "Browser", airflow: Airflow) -> Iterator[OpenPage]:
    with opened(chromium, airflow) as open_page:
        yield open_page


_questions = count(1)


@pytest.fixture
def question(airflow: Airflow) -> str:
    """Return a run that waits for an answer, which Airflow knows nothing of."""
    return ask_again(airflow.world, f"asked-{next(_questions)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of `test_up.py` in the order of their names: they tell one story on one Airflow."""
    places = [place for place, item in enumerate(items) if item.path.name == "test_up.py"]
    for place, item in zip(
        places, sorted((items[place] for place in places), key=lambda item: item.name), strict=True
    ):
        items[place] = item
