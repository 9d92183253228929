"""Nights in Airflow that a person answers in the browser: at once after they are asked, and none is lost."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from techner.core.records import Judgement
from techner.registry import Registry
from techner.runs.judgements import find_judged
from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage, opened
from tests.browser.hands import send

pytestmark = pytest.mark.browser
ROUNDS, TOGETHER = 4, 5
"""How often a question is answered at once: twenty times, five nights at a time, which costs less."""


def end_of(airflow: Airflow, run_id: str) -> Judgement:
    judgement, _ = find_judged(airflow.world.store, run_id)
    assert judgement
    return judgement


@pytest.fixture(scope="session")
def first_night(airflow: Airflow, chromium: Browser) -> str:
    """Return the id of the night that unpausing starts, once a person has answered it and it has ended."""
    run = airflow.unpause()
    airflow.wait_for_question(run)
    run_id = run.rpartition("/")[2]
    with opened(chromium, airflow) as open_page:
        page = open_page(f"/techner/run/{run_id}")
        send(page, "Publish", " \n")
        expect(page.get_by_role("alert")).to_be_visible()
        send(page, "Publish", "the first night")
        airflow.wait_for_end(run)
    return run_id


def test_the_night_of_the_schedule_ends_as_a_person_said(airflow: Airflow, first_night: str) -> None:
    newest = Registry(airflow.world.store).log().newest()
    assert newest
    assert (newest.record.who, newest.record.version) == (
        "airflow:admin",
        end_of(airflow, first_night).version,
    )
    assert "the first night" in newest.record.why


def test_a_tab_of_the_night_and_a_link_of_its_task_lead_to_its_page(
    open_page: OpenPage, first_night: str
) -> None:
    night = f"/dags/techner_nightly/runs/{quote(first_night, safe='')}"
    page = open_page(night)
    page.get_by_role("link", name="techner", exact=True).last.click()  # the first one is in the menu
    page.wait_for_url("**/plugin/techner-night**")
    told = page.frame_locator("iframe").get_by_text("the first night").first
    expect(told).to_be_visible()
    page.goto(f"{night}/tasks/judge/details")
    page.goto(page.get_by_role("link", name="Night in techner").get_attribute("href") or "no address")
    expect(told).to_be_visible()


@pytest.mark.usefixtures("first_night")
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_answers_at_once_are_kept_after_blank_ones_that_are_refused(
    open_page: OpenPage, airflow: Airflow, turn: int
) -> None:
    run_ids = [f"at-once-{turn}-{number}" for number in range(TOGETHER)]
    with airflow.paused():
        asking = {airflow.prepare(run_id): run_id for run_id in run_ids}
        pages = {run_id: open_page(f"/techner/run/{run_id}") for run_id in run_ids}
    runs = [*asking]
    while asking:
        run_id = asking.pop(airflow.wait_for_question(*asking))
        send(pages[run_id], "Publish", " \n")
        expect(pages[run_id].get_by_role("alert")).to_contain_text("A yes needs a reason")
        send(pages[run_id], "Reject", f"reason of {run_id}")
    assert [airflow.wait_for_end(run)["reject"] for run in runs] == ["success"] * TOGETHER
    told = [end_of(airflow, run_id).reason.rpartition(": ")[2] for run_id in run_ids]
    assert told == [f"reason of {run_id}" for run_id in run_ids]


@pytest.mark.usefixtures("first_night")
def test_a_question_says_until_when_it_waits(open_page: OpenPage, airflow: Airflow) -> None:
    run_id = "waits-for-ada"  # the last by name: the overview shows five
    run = airflow.ask(run_id)
    question = open_page("/techner/").get_by_role("listitem").filter(has_text=run_id)
    expect(question).to_contain_text("if nobody answers")
    send(open_page(f"/techner/run/{run_id}"), "Reject", "seen")
    airflow.wait_for_end(run)
