"""Where there are several models: the page that lists them, and how each page says whose it is."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from techner.web import Answering, ModelLink, create_app, create_choice

Filled = Any  # see conftest.py
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def visit(filled: Filled) -> TestClient:
    """Visit the pages of one of two models, mounted as in Airflow."""
    models = [ModelLink(name="legal"), ModelLink(name="<b>", problem="rename that <table>")]
    answering = Answering(person=lambda: None, secret=lambda: b"")
    app = FastAPI()
    app.mount("/techner/model/legal", create_app(lambda: filled.store, model="legal"))
    choice = create_choice(lambda: models, dag_of=str, dependencies=[], answering=answering)
    app.mount("/techner", choice)
    return TestClient(app, raise_server_exceptions=False, headers=BROWSER)


def test_the_first_page_lists_the_models_and_what_is_wrong_with_one(visit: TestClient) -> None:
    page = visit.get("/techner/").text
    assert 'href="./model/legal/"' in page
    assert "rename that &lt;table&gt;" in page
    assert "<b>" not in page


def test_before_a_model_is_chosen_the_header_leads_to_no_page_of_one(visit: TestClient) -> None:
    pages = [visit.get("/techner/"), visit.get("/techner/nowhere"), visit.get("/techner/tab/sales/night")]
    assert [page.status_code for page in pages] == [200, 404, 200]
    assert not [page for page in pages if "Batches" in page.text]


@pytest.mark.parametrize("path", ["", "models", "batches/nothing", "nowhere/at/all"])
def test_each_page_says_whose_it_is_and_leads_up_to_the_others(path: str, visit: TestClient) -> None:
    page = visit.get(f"/techner/model/legal/{path}").text
    up = "../" * path.count("/") or "./"
    assert f'href="{up}../../" title="All models"><bdi>legal</bdi>' in page
    assert f'href="{up}batches"' in page


def test_commands_that_a_page_shows_are_those_of_its_model(visit: TestClient) -> None:
    assert "<code>techner --model legal run night</code>" in visit.get("/techner/model/legal/start").text


def test_a_model_without_a_name_is_not_named(filled: Filled) -> None:
    page = TestClient(create_app(lambda: filled.store)).get("/", headers=BROWSER).text
    assert "All models" not in page
    assert "Batches" in page
