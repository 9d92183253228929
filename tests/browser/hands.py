"""What a person does on a page, with a mouse or without."""

import pytest
from playwright.sync_api import Locator, Page

MOST_STOPS = 30


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
