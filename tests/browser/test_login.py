"""The way in: Airflow's login page, and techner's entry in Airflow's menu."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def log_in(page: Page, airflow: Airflow) -> None:
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(airflow.password("admin"))
    page.get_by_role("button", name="Sign in").click()


def test_who_logs_in_finds_the_page_in_airflows_menu(open_page: OpenPage, airflow: Airflow) -> None:
    page = open_page("/", user=None)
    log_in(page, airflow)
    page.get_by_role("link", name="techner").click()
    expect(page.frame_locator("iframe").get_by_text(airflow.production).first).to_be_visible()


def test_a_stranger_is_sent_to_the_login_and_back(
    open_page: OpenPage, airflow: Airflow, question: str
) -> None:
    page = open_page(f"/techner/run/{question}", user=None)
    assert question not in page.content()
    log_in(page, airflow)
    expect(page.get_by_role("heading", name=question)).to_be_visible()
