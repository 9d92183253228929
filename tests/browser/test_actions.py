"""Roll back, promote, exclude, release: on pages that say what will happen, take a reason, and do it."""

import pytest
from playwright.sync_api import expect

from techner.core.records import BatchWord
from techner.inbox.decisions import decide
from techner.inbox.survey import BatchState, Status, survey
from techner.registry import Registry
from tests.browser.airflow import Airflow
from tests.browser.conftest import OpenPage
from tests.browser.hands import send, serious_faults
from tests.world import WHEN, quick, tech_batch

pytestmark = pytest.mark.browser


def delivered(airflow: Airflow, name: str, start: int) -> str:
    """Deliver a batch; return its digest."""
    world = airflow.world
    world.deliver(name, tech_batch(start, start + 10))
    return next(
        state.ref.digest
        for state in survey(world.store, quick(), cache=world.cache)
        if state.ref.name == name
    )


def batch(airflow: Airflow, digest: str) -> BatchState:
    states = survey(airflow.world.store, quick(), cache=airflow.world.cache)
    return next(state for state in states if state.ref.digest == digest)


def last_move(airflow: Airflow) -> tuple[str, str, str]:
    newest = Registry(airflow.world.store).log().newest()
    assert newest
    return newest.record.version, newest.record.who, newest.record.why


def test_a_rollback_needs_a_reason_and_a_promotion_takes_it_back(
    open_page: OpenPage, airflow: Airflow
) -> None:
    before = airflow.production
    earlier = Registry(airflow.world.store).manifest(before).parent
    assert earlier
    page = open_page(f"/techner/act/rollback/{earlier}")
    expect(page.get_by_text(f"Production will name {earlier}")).to_be_visible()
    send(page, "Roll back", "  ")
    expect(page.get_by_role("alert")).to_be_visible()
    assert airflow.production == before
    send(page, "Roll back", "it finds ghosts")
    expect(page.get_by_role("status")).to_have_text("done")
    assert last_move(airflow)[:2] == (earlier, "airflow:admin")
    assert "it finds ghosts" in last_move(airflow)[2]
    page.goto(f"/techner/act/promote/{before}")
    send(page, "Promote", "there were none")
    expect(page.get_by_role("status")).to_have_text("done")
    assert last_move(airflow)[:2] == (before, "airflow:admin")


def test_a_batch_is_excluded(open_page: OpenPage, airflow: Airflow) -> None:
    digest = delivered(airflow, "doubtful.jsonl", 400)
    page = open_page(f"/techner/act/exclude/{digest}")
    send(page, "Exclude", "annotated in a hurry")
    expect(page.get_by_role("status")).to_have_text("done")
    expect(page.get_by_text("annotated in a hurry")).to_be_visible()
    assert batch(airflow, digest).status is Status.EXCLUDED


def test_a_batch_is_released(open_page: OpenPage, airflow: Airflow) -> None:
    digest = delivered(airflow, "doubted.jsonl", 420)
    decide(
        airflow.world.store,
        batch(airflow, digest).ref,
        BatchWord.EXCLUDE,
        who="cli:ada",
        why="in a hurry",
        when=WHEN,
    )
    page = open_page(f"/techner/act/release/{digest}")
    send(page, "Release", "read it again")
    expect(page.get_by_role("status")).to_have_text("done")
    assert batch(airflow, digest).status is Status.PENDING


@pytest.mark.parametrize("action", ["rollback", "exclude"])
def test_a_viewer_is_told_what_would_happen_and_refused(
    open_page: OpenPage, airflow: Airflow, action: str
) -> None:
    before = airflow.production
    about = Registry(airflow.world.store).manifest(before).parent
    if action == "exclude":
        about = delivered(airflow, "watched.jsonl", 440)
    page = open_page(f"/techner/act/{action}/{about}", user="viewer")
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert page.request.post(page.url, form={"why": "mine"}).status == 403
    assert airflow.production == before


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("action", ["rollback", "release"])
def test_axe_finds_nothing_serious_where_something_is_done(
    open_page: OpenPage, airflow: Airflow, action: str, theme: str
) -> None:
    about = Registry(airflow.world.store).manifest(airflow.production).parent
    if action == "release":
        about = delivered(airflow, f"{theme}.jsonl", {"light": 450, "dark": 460}[theme])
    page = open_page(f"/techner/act/{action}/{about}", color_scheme=theme, bypass_csp=True)
    assert serious_faults(page) == []
