"""The tab on runs in Airflow, which are nights of techner or not."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from techner.documents import dump
from techner.web import create_app
from techner.web.tab import make_tab_pages
from tests.web.conftest import PLAN

Filled = Any  # see conftest.py


@pytest.fixture
def tab(filled: Filled) -> Callable[[str, str], Any]:
    """Open the tab of a run of a DAG; redirects are not followed."""
    app = create_app(lambda: filled.store)
    app.include_router(make_tab_pages(app.state.reading, ("techner_nightly",), app.router.route_class))
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    return lambda dag_id, run_id: client.get(f"/tab/{quote(dag_id, safe='')}/{quote(run_id, safe='')}")


def test_the_tab_of_a_judged_night_leads_to_its_page(tab: Callable[[str, str], Any]) -> None:
    answer = tab("techner_nightly", "scheduled-9")
    assert (answer.status_code, answer.headers["Location"]) == (303, "../../run/scheduled-9")


def test_the_tab_of_another_dag_is_a_calm_page(tab: Callable[[str, str], Any]) -> None:
    answer = tab("<b>sales", "scheduled-9")
    assert answer.status_code == 200
    assert "Not a night of techner" in answer.text
    assert "<b>sales" not in answer.text


def test_the_tab_of_a_night_without_a_verdict_leads_to_its_page(
    filled: Filled, tab: Callable[[str, str], Any]
) -> None:
    filled.store.put("runs/tonight/plan.json", dump(PLAN))
    answer = tab("techner_nightly", "tonight")
    assert (answer.status_code, answer.headers["Location"]) == (303, "../../run/tonight")


@pytest.mark.parametrize("run", ["scheduled__2026-11-20T02:00:00+00:00", "a\\b"])
def test_the_tab_of_a_night_without_a_plan_is_a_calm_page(run: str, tab: Callable[[str, str], Any]) -> None:
    answer = tab("techner_nightly", run)
    assert answer.status_code == 200
    assert "No plan yet" in answer.text
