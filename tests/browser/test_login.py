"""The way in: Airflow's login page, and techner's entry in Airflow's menu."""

import pytest
from playwright.sync_api import expect

from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def test_who_logs_in_finds_the_page_in_airflows_menu(open_page: OpenPage, airflow: Airflow) -> None:
    page = open_page("/", user=None)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(airflow.password("admin"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="techner").click()
    expect(page.frame_locator("iframe").get_by_text(airflow.production).first).to_be_visible()


def test_a_stranger_sees_nothing(open_page: OpenPage, airflow: Airflow) -> None:
    page = open_page("/techner/", user=None)
    assert airflow.production not in page.content()
