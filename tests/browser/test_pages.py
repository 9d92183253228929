"""Every page: for a screen reader, on a telephone, in the dark, and with texts that attack."""

from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from techner.inbox.survey import survey
from techner.registry import Registry
from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage
from tests.browser.hands import serious_faults
from tests.browser.store import ASKED, BEGUN, HOSTILE_BATCH, REJECTED, SCRIPT, UNREADABLE
from tests.world import quick

pytestmark = pytest.mark.browser

PAGES = {
    "overview": "/techner/",
    "a run that asks": f"/techner/run/{quote(ASKED, safe='')}",
    "a run that was rejected": f"/techner/run/{quote(REJECTED, safe='')}",
    "a run without a verdict": f"/techner/run/{quote(BEGUN, safe='')}",
    "the report of a run": f"/techner/run/{quote(ASKED, safe='')}?report=true",
    "models": "/techner/models",
    "batches": "/techner/batches",
    "ignored files": "/techner/batches?state=ignored",
    "a batch": "/techner/batches/{batch}",
    "the report of a batch": "/techner/batches/{batch}/report",
    "a version": "/techner/models/{version}",
    "the card of a version": "/techner/card/{version}",
    "two versions": "/techner/compare?a={origin}&b={version}",
    "a rollback": "/techner/act/rollback/{origin}",
    "an exclusion": "/techner/act/exclude/{batch}",
    "another DAG's run": "/techner/tab/another/run",
    "runs": "/techner/runs",
    "start a night": "/techner/start",
    "try": "/techner/try",
    "an unknown run": "/techner/run/nowhere",
}
every_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
PHONE = {"width": 390, "height": 844}
TURNED = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    if (!texts.currentNode.data.includes("\u202e")) continue
    let place = texts.currentNode.parentElement
    while (!getComputedStyle(place).unicodeBidi.includes("isolate")) place = place.parentElement
    const isSentence = place.querySelector("mark")  // with its entities marked: one text, in many nodes
    if (!isSentence && place.textContent.trim() !== texts.currentNode.data.trim()) found.push(place.outerHTML)
  }
  return found
}"""
"""Finds where text of the page itself follows in the same paragraph, which would be turned too."""
ATTACKS = """() => [...document.querySelectorAll("script, img")].map(part => part.outerHTML)
  .filter(part => /attacked|onerror/.test(part))"""


@pytest.fixture
def address(path: str, airflow: Airflow) -> str:
    """Return the address with names of the store: a version, the first one, and the batch that attacks."""
    world = airflow.world
    origin, *_, version = Registry(world.store).versions()
    batches = {state.ref.name: state.ref.digest for state in survey(world.store, quick(), cache=world.cache)}
    return path.format(origin=origin, version=version, batch=batches[HOSTILE_BATCH])


@every_page
def test_the_page_is_the_one_that_is_meant(airflow: Airflow, address: str) -> None:
    """A page that says it found nothing would pass all that follows."""
    expected = httpx.codes.NOT_FOUND if address.endswith("/nowhere") else httpx.codes.OK
    assert airflow.client.get(address).status_code == expected


@pytest.mark.parametrize("theme", ["light", "dark"])
@every_page
def test_axe_finds_nothing_serious(open_page: OpenPage, address: str, theme: str) -> None:
    page = open_page(address, color_scheme=theme, bypass_csp=True)  # axe is a script
    assert serious_faults(page) == []


@every_page
def test_a_telephone_scrolls_down_only(open_page: OpenPage, address: str) -> None:
    page = open_page(address, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@every_page
def test_no_text_becomes_a_part_of_the_page(open_page: OpenPage, address: str) -> None:
    """Where one does, the policy of the page keeps it from running, and the browser says so."""
    assert open_page(address).evaluate(ATTACKS) == []


@pytest.mark.parametrize(("text", "path"), [(HOSTILE_BATCH, "batches"), (UNREADABLE, "ignored files")])
def test_a_hostile_name_is_shown_as_it_is(open_page: OpenPage, text: str, path: str) -> None:
    expect(open_page(PAGES[path]).get_by_text(text).first).to_be_attached()


def test_the_report_quotes_hostile_texts_as_they_are(open_page: OpenPage) -> None:
    page = open_page(PAGES["the report of a run"])
    expect(page.get_by_text(SCRIPT).first).to_be_attached()


@every_page
def test_a_text_that_turns_the_direction_turns_nothing_but_itself(open_page: OpenPage, address: str) -> None:
    turned = open_page(address).evaluate(TURNED)
    assert turned == []


def test_the_contents_of_a_run_stay_in_sight(open_page: OpenPage) -> None:
    page = open_page(PAGES["a run that was rejected"])
    contents = page.locator(".run > nav")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(contents).to_be_in_viewport()
    assert page.evaluate("window.scrollY") > 1000
    contents.get_by_role("link").first.click()
    expect(page.locator(".run section").first).to_be_in_viewport()
