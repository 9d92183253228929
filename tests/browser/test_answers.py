"""The form on the page of a run, as a person uses it."""

import pytest
from playwright.sync_api import expect

from techner.core.records import RunEnd
from techner.runs.answers import answered
from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage
from tests.browser.hands import go_to, send
from tests.browser.store import BACKWARDS, SCRIPT

pytestmark = pytest.mark.browser


def said(airflow: Airflow, run_id: str) -> tuple[str, str, str] | None:
    found = answered(airflow.world.run(run_id))
    return (found.word, found.who, found.why) if found else None


def test_a_blank_reason_is_refused_beside_the_form_and_a_real_one_is_kept(
    open_page: OpenPage, airflow: Airflow, question: str
) -> None:
    page = open_page(f"/techner/run/{question}")
    send(page, "Publish", "  ")
    expect(page.get_by_role("alert")).to_contain_text("A yes needs a reason")
    assert said(airflow, question) is None
    send(page, "Publish", "read forty examples")
    expect(page.get_by_text("airflow:admin").first).to_be_visible()
    assert said(airflow, question) == (RunEnd.PUBLISH, "airflow:admin", "read forty examples")


def test_a_form_is_sent_from_within_airflow(open_page: OpenPage, airflow: Airflow, question: str) -> None:
    frame = open_page(f"/plugin/techner/techner/run/{question}").frame_locator("iframe")
    frame.get_by_role("button", name="Reject").click()
    expect(frame.get_by_text("airflow:admin").first).to_be_visible()
    assert said(airflow, question) == (RunEnd.REJECT, "airflow:admin", "")


def test_the_keyboard_alone_answers(open_page: OpenPage, airflow: Airflow, question: str) -> None:
    page = open_page(f"/techner/run/{question}")
    reason = page.get_by_role("textbox", name="Reason")
    go_to(page, reason)
    page.keyboard.type("no hand on the mouse")
    go_to(page, page.get_by_role("button", name="Publish"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("airflow:admin").first).to_be_visible()
    assert said(airflow, question) == (RunEnd.PUBLISH, "airflow:admin", "no hand on the mouse")


def test_a_viewer_is_offered_no_form_and_refused(
    open_page: OpenPage, airflow: Airflow, question: str
) -> None:
    page = open_page(f"/techner/run/{question}", user="viewer")
    expect(page.get_by_role("heading", name=question)).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    refused = page.request.post(f"/techner/run/{question}", form={"end": "publish", "why": "mine"})
    assert refused.status == 403
    assert said(airflow, question) is None


def test_a_reason_is_shown_as_it_was_written(open_page: OpenPage, question: str) -> None:
    reason = f"{SCRIPT} {BACKWARDS}<img src=x onerror=alert(1)> {'y' * 1800}"
    page = open_page(f"/techner/run/{question}", viewport={"width": 390, "height": 844})
    send(page, "Publish", reason)
    expect(page.get_by_text(reason).first).to_be_visible()
    assert page.title() != "attacked"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
