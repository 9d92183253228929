"""Pages within Airflow's frame: links lead out of it, and the theme chosen in Airflow counts there."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def test_a_link_leads_out_of_the_frame_to_the_run_in_airflow(
    open_page: OpenPage, airflow: Airflow, question: str
) -> None:
    with airflow.paused(), airflow.dag_run(question):
        page = open_page(f"/plugin/techner/techner/run/{question}")
        page.frame_locator("iframe").get_by_role("link", name="tasks and logs").click()
        page.wait_for_url(f"**/dags/techner_nightly/runs/{question}**")
        expect(page.locator("iframe")).to_have_count(0)


def test_a_run_that_only_airflow_knows_has_a_page_which_leads_there(
    open_page: OpenPage, airflow: Airflow
) -> None:
    with airflow.paused(), airflow.dag_run("not-planned"):
        page = open_page("/plugin/techner/techner/run/not-planned")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("waits for its turn")).to_be_visible()
        frame.get_by_role("link", name="tasks and logs").click()
        page.wait_for_url("**/dags/techner_nightly/runs/not-planned**")


def test_the_name_of_production_can_be_copied_in_the_frame(open_page: OpenPage) -> None:
    page = open_page("/plugin/techner/techner/", permissions=["clipboard-read", "clipboard-write"])
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Copy 0").click()
    expect(frame.get_by_role("button", name="Copied")).to_be_visible()
    name = frame.locator(".to-copy").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == name


def test_a_night_that_failed_is_on_the_overview(open_page: OpenPage, airflow: Airflow) -> None:
    with airflow.paused(), airflow.dag_run("broken"):
        airflow.end("broken", "failed")
        page = open_page("/techner/")
        page.get_by_role("link", name="broken").click()
        expect(page.get_by_text("The run failed in Airflow")).to_be_visible()


def choose(page: Page, mode: str) -> None:
    """Choose a theme in Airflow's own menu."""
    page.get_by_role("button", name="User").click()
    page.get_by_role("menuitem", name="Appearance").click()
    page.get_by_role("menuitemradio", name=mode).click()


def test_a_page_follows_the_theme_that_is_chosen_in_airflow(open_page: OpenPage) -> None:
    page = open_page("/plugin/techner/techner/models", color_scheme="light")
    root = page.frame_locator("iframe").locator("html")
    expect(root).to_have_css("color-scheme", "light dark")
    for mode, scheme in (("Dark Mode", "dark"), ("Light Mode", "light")):
        choose(page, mode)
        expect(root).to_have_css("color-scheme", scheme)
    choose(page, "Dark Mode")
    page.goto("/techner/models")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 23, 27)")
