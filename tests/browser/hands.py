"""What a person does on a page, with a mouse or without, and what a screen reader would find."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

MOST_STOPS = 30
# Frames are pages of their own, and looked at as such; the rest of axe's findings is for people to weigh.
AXE = {"resultTypes": ["violations"], "iframes": False}
SERIOUS = ("serious", "critical")


def send(page: Page, button: str, reason: str) -> None:
    """Give a reason, and press a button of the form."""
    page.get_by_role("textbox", name="Reason").fill(reason)
    page.get_by_role("button", name=button).click()


def go_to(page: Page, place: Locator) -> None:
    """Press Tab until the place has the focus; fail where that leads nowhere."""
    for _ in range(MOST_STOPS):
        if place.evaluate("place => place === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{place} is not among the first {MOST_STOPS} stops of the keyboard")


def serious_faults(page: Page) -> list[tuple[str, str]]:
    """Return axe's rule, and the first part that breaks it, of a page without its policy: axe is a script."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in SERIOUS]
