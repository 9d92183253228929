"""The pictures in the documents: `make test-browser PYTEST_ARGS="--pictures docs"`; look at them."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser
WINDOW = {"width": 1280, "height": 1000}
PICTURES = {"page": "", "models": "models"}
"""File names without their end → addresses below the app's root."""


@pytest.mark.parametrize("name", PICTURES)
def test_take_the_picture(open_page: OpenPage, name: str, pytestconfig: pytest.Config) -> None:
    page = open_page(f"/plugin/techner/techner/{PICTURES[name]}", viewport=WINDOW, color_scheme="light")
    expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_visible()
    folder: Path = pytestconfig.getoption("--pictures")
    page.screenshot(path=folder / f"{name}.png")
