"""*Start a night*, as a person uses it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage
from tests.up import DAG

pytestmark = pytest.mark.browser


def start(page: Page) -> None:
    page.get_by_role("button", name="Start the night").click()


def runs(airflow: Airflow) -> dict[str, dict[str, object]]:
    found = airflow.client.get(f"{DAG}/dagRuns").json()["dag_runs"]
    return {run["dag_run_id"]: run["conf"] for run in found}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [("Epochs", "abc", "abc"), ("Epochs", "1001", "1000"), ("Seed", "-1", "from 0")],
)
def test_a_bad_value_is_told_beside_its_field_before_a_run_exists(
    open_page: OpenPage, airflow: Airflow, field: str, value: str, told: str
) -> None:
    before = runs(airflow)
    page = open_page("/techner/start")
    page.get_by_role("textbox", name=field).fill(value)
    start(page)
    place = page.get_by_role("textbox", name=field)
    expect(place).to_have_attribute("aria-invalid", "true")
    expect(place).to_have_value(value)
    expect(page.locator(f"#{field.lower()}-problem")).to_contain_text(told)
    assert runs(airflow) == before


def test_a_night_is_started_from_within_airflow_with_what_was_chosen(
    open_page: OpenPage, airflow: Airflow
) -> None:
    before = runs(airflow)
    with airflow.paused():
        frame = open_page("/plugin/techner/techner/start").frame_locator("iframe")
        frame.get_by_role("checkbox", name="tuesday.jsonl").check()
        frame.get_by_role("textbox", name="Epochs").fill(" 3 ")
        frame.get_by_role("checkbox", name="Dry run").check()
        frame.get_by_role("button", name="Start the night").click()
        expect(frame.get_by_role("status")).to_contain_text("started")
        now = runs(airflow)
        (started,) = now.keys() - before.keys()
        airflow.client.delete(f"{DAG}/dagRuns/{started}").raise_for_status()  # others wait for their nights
    assert now[started] == {"batches": ["tuesday.jsonl"], "epochs": 3, "dry_run": True}


def test_a_viewer_is_offered_no_start(open_page: OpenPage, airflow: Airflow) -> None:
    before = runs(airflow)
    page = open_page("/techner/start", user="viewer")
    expect(page.get_by_role("button")).to_have_count(0)
    assert page.request.post("/techner/start", form={"epochs": "1"}).status == 403
    assert runs(airflow) == before
