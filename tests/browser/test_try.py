"""*Try it*, as a person uses it."""

import pytest
from playwright.sync_api import expect

from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage
from tests.browser.store import SCRIPT

pytestmark = pytest.mark.browser


def test_a_sentence_is_read_by_two_models_and_shown_as_it_is(open_page: OpenPage, airflow: Airflow) -> None:
    page = open_page("/techner/try")
    page.get_by_role("textbox", name="A sentence").fill(f"{SCRIPT} met Ada Lovelace.")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("heading", name=airflow.production)).to_be_visible()
    found = page.get_by_role("region", name="What they find")
    expect(found).to_contain_text("document.title")
    assert page.title() != "attacked"
    again = open_page(page.url.removeprefix(airflow.address))  # as a colleague opens the copied address
    expect(again.get_by_role("region", name="What they find")).to_contain_text("Ada Lovelace")
